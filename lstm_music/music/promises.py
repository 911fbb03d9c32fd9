"""Whether music keeps what its header promises: the key, the beat, the meter, the number of bars.

Each answers True or False, or None where the piece promises nothing that could be heard.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstm_music.music.harmony.scales import MAJOR_SCALE, notes_in_scale, pitch_classes
from lstm_music.music.listening import beat_tracking
from lstm_music.music.listening.meter_finding import CANDIDATES, guess_meters
from lstm_music.music.listening.quantise import quantise
from lstm_music.music.listening.rhythm import MIN_ONSETS
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

_DUPLE = ((2, 4), (4, 4), (2, 2))

_HARMONIC_MINOR = (0, 2, 3, 5, 7, 8, 11)
_NATURAL_MINOR = (0, 2, 3, 5, 7, 8, 10)
_KEY_SCALES = {"major": (MAJOR_SCALE,), "minor": (_NATURAL_MINOR, _HARMONIC_MINOR)}
_MODE_SCALES = {
    "major": (MAJOR_SCALE, (0, 2, 4, 5, 7, 9, 10)),  # mixolydian
    "minor": (_NATURAL_MINOR, _HARMONIC_MINOR, (0, 2, 3, 5, 7, 9, 10)),  # dorian
}


def key_is_obeyed(piece: Piece) -> bool | None:
    """Whether no other signature holds more of the notes than the stated key.

    Of the 12 major scales none may hold more of the pitched notes than the scale of the key, of
    a minor key the better of natural and harmonic minor.

    Parameters
    ----------
    piece : its drums are not heard.

    Returns
    -------
    bool or None
        None without a key or without pitched notes.

    Examples
    --------
    >>> from lstm_music.music.key import Key
    >>> from lstm_music.music.piece import Track, make_notes
    >>> scale = make_notes([(24 * i, 24, p, 80, 0) for i, p in enumerate((62, 64, 66, 67, 69))])
    >>> piece = Piece(notes=scale, tracks=(Track(),), key=Key.parse("D major"))
    >>> key_is_obeyed(piece), key_is_obeyed(piece.replace(key=Key.parse("D minor")))
    (True, False)
    """
    return _none_holds_more(piece, _KEY_SCALES)


def key_or_mode_is_obeyed(piece: Piece) -> bool | None:
    """As `key_is_obeyed`, with mixolydian for a major key and dorian for a minor one.

    The readers of scores call church modes major or minor by their third
    (`lstm_music.midi.scores.keys`), so this is what a key promises in a corpus that was read by
    them: one fiddle tune in ten is modal.
    """
    return _none_holds_more(piece, _MODE_SCALES)


def _none_holds_more(
    piece: Piece, scales: Mapping[str, tuple[tuple[int, ...], ...]]
) -> bool | None:
    """Whether no major scale holds more of the notes than the best of the key's ``scales``."""
    counts = pitch_classes(piece)
    if piece.key is None or not counts.any():
        return None
    tonic = piece.key.tonic_pitch_class
    own = max(notes_in_scale(counts, tonic, scale) for scale in scales[piece.key.mode])
    return own >= max(notes_in_scale(counts, other) for other in range(12))


def beat_is_obeyed(piece: Piece) -> bool | None:
    """Whether the notes are heard on the beats of the piece, straight, in triplets or loosely.

    If not, whoever reads its file takes it for a performance without a click, and looks for other
    beats (docs/rhythm.md).

    Returns
    -------
    bool or None
        None for a piece with too few onsets to tell.
    """
    if len(np.unique(piece.notes["onset_steps"])) < beat_tracking.MIN_ONSETS:
        return None
    return beat_tracking.is_on_own_grid(piece)


def meter_is_obeyed(piece: Piece) -> bool | None:
    """Whether the notes alone, without the stated meter, are heard in it.

    2/4, 4/4 and 2/2 are taken as one, as in docs/rhythm.md, which says how well music of known
    meter does; the pickup is not judged.

    Returns
    -------
    bool or None
        None for a piece with several meters, with one that cannot be inferred
        (`lstm_music.music.listening.meter_finding.CANDIDATES`), or with too few onsets to tell.
    """
    told = _family(piece.meters[0])
    onsets = np.unique(piece.notes["onset_steps"])
    if len(piece.meters) > 1 or told not in CANDIDATES or len(onsets) < MIN_ONSETS:
        return None
    likeliest = guess_meters(quantise(piece))[0]
    return _family(Meter(0, likeliest.numerator, likeliest.denominator)) == told


def _family(meter: Meter) -> tuple[int, int]:
    """Numerator and denominator; 4/4 for all that is counted in two."""
    name = (meter.numerator, meter.denominator)
    return (4, 4) if name in _DUPLE else name


def fits_in_bars(piece: Piece, bars: int) -> bool:
    """Whether the last sound ends no later than ``bars`` bars, and in the last of them.

    A pickup is not counted as a bar.
    """
    if not len(piece.notes):
        return False
    last = piece.bar_lines.bar_at(piece.end_steps - 1) + (0 if piece.pickup_steps else 1)
    return last == bars
