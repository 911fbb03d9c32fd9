"""The keys of a music21 score, as they sound: signatures, their modes, and where they change."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lstm_music.errors import ConfigError
from lstm_music.midi.scores.notes import Reading
from lstm_music.midi.scores.repeats import Measure
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.piece import Piece, make_notes
from lstm_music.music.theory import key_correlations

_MINOR_MODES = frozenset({"minor", "aeolian", "dorian", "phrygian", "locrian"})
_MAJOR_MODES = frozenset({"major", "ionian", "lydian", "mixolydian"})
_MAX_SHARPS = 7


class _Signature(NamedTuple):
    """From ``onset`` steps on; ``mode`` "" where the score does not tell."""

    onset: int
    sharps: int
    mode: str


def read_keys(stream: Any, parts: Sequence[Any], reading: Reading) -> list[KeyChange]:
    """The keys in written time, by the signatures of most parts that do not transpose.

    A signature without a mode is major or minor, whichever fits the notes under it better
    (`key_correlations`), and none if there are only drums; a church mode counts as major or minor
    by its third.
    """
    signatures = _concert_signatures(stream, parts, reading)
    if all(reading.tracks[note.track].is_drum for note in reading.notes):
        signatures = [signature for signature in signatures if signature.mode]
    first_note = min((note.onset for note in reading.notes), default=0)
    if signatures and signatures[0].onset <= first_note:
        signatures[0] = signatures[0]._replace(onset=0)
    keys: list[KeyChange] = []
    for i, signature in enumerate(signatures):
        end = signatures[i + 1].onset if i + 1 < len(signatures) else sys.maxsize
        mode = signature.mode or _fitting_mode(signature.sharps, signature.onset, end, reading)
        key = Key(signature.sharps, mode)
        if not keys or keys[-1].key != key:
            keys.append(KeyChange(signature.onset, key))
    return keys


def unfold_keys(
    keys: Sequence[KeyChange], measures: Sequence[Measure], order: Sequence[int]
) -> list[KeyChange]:
    """The keys for each time that their measures sound; what is jumped to is in its own key."""
    onsets = [key.onset_steps for key in keys]
    unfolded: list[KeyChange] = []
    now = 0
    for i in order:
        start, length = measures[i].onset_steps, measures[i].length_steps
        first = bisect_right(onsets, start)
        if first:
            unfolded.append(KeyChange(now, keys[first - 1].key))
        unfolded += [
            KeyChange(key.onset_steps - start + now, key.key)
            for key in keys[first:]
            if key.onset_steps < start + length
        ]
        now += length
    return unfolded


def as_key_and_changes(keys: Sequence[KeyChange]) -> tuple[Key | None, tuple[KeyChange, ...]]:
    """The key at the beginning and those after it, none that changes nothing."""
    by_onset = {key.onset_steps: key.key for key in keys}
    now = first = by_onset.get(0)
    changes: list[KeyChange] = []
    for onset in sorted(by_onset):
        if by_onset[onset] != now:
            now = by_onset[onset]
            changes.append(KeyChange(onset, now))
    return first, tuple(changes)


def _concert_signatures(stream: Any, parts: Sequence[Any], reading: Reading) -> list[_Signature]:
    """Of the parts that do not transpose the commonest, else of the others; drums have none."""
    plain: list[tuple[_Signature, ...]] = []
    transposed: list[tuple[_Signature, ...]] = []
    for part in parts:
        flat = part.flatten()
        signatures = tuple(_signatures(flat, part.atSoundingPitch is True, reading))
        if signatures and _has_pitch(flat):
            (transposed if _transposes(part, flat) else plain).append(signatures)
    candidates = plain or transposed
    if not candidates:
        return list(_signatures(stream.flatten(), True, reading))
    # Of parts alike the first: some programs give the mode to it alone, and the rest major.
    kinds = [tuple(signature[:2] for signature in signatures) for signatures in candidates]
    commonest = Counter(kinds).most_common(1)[0][0]
    return list(candidates[kinds.index(commonest)])


def _has_pitch(flat: Any) -> bool:
    members = [note for element in flat.notes for note in getattr(element, "notes", (element,))]
    return not members or any("Unpitched" not in note.classes for note in members)


def _transposes(part: Any, flat: Any) -> bool:
    instruments = flat.getElementsByClass("Instrument")
    return part.atSoundingPitch is not True and any(_fifths(i.transposition) for i in instruments)


def _signatures(flat: Any, at_sounding_pitch: bool, reading: Reading) -> Iterator[_Signature]:
    """As they sound, one at a place: of several there, one that tells its mode."""
    found: dict[int, _Signature] = {}
    instruments = sorted(flat.getElementsByClass("Instrument"), key=lambda i: i.offset)
    for element in flat.getElementsByClass("KeySignature"):
        if element.sharps is None or abs(element.sharps) > _MAX_SHARPS + 12:
            continue
        onset = max(reading.steps(element.offset), 0)
        fifths = 0
        if not at_sounding_pitch and instruments:
            place = bisect_right([i.offset for i in instruments], element.offset) - 1
            fifths = _fifths(instruments[max(place, 0)].transposition)
        sharps, mode = _signature(element)
        signature = _Signature(onset, _within_seven(sharps + fifths), mode)
        if onset not in found or (mode and not found[onset].mode):
            found[onset] = signature
    yield from (found[onset] for onset in sorted(found))


def _signature(element: Any) -> tuple[int, str]:
    """Sharps and mode of a music21 KeySignature or Key; church modes are named by their third."""
    mode, tonic = getattr(element, "mode", None), getattr(element, "tonic", None)
    if tonic is None or mode not in _MINOR_MODES | _MAJOR_MODES:
        return element.sharps, ""
    mode = "minor" if mode in _MINOR_MODES else "major"
    try:
        return Key.parse(f"{tonic.name.replace('-', 'b')} {mode}").sharps, mode
    except ConfigError:
        return element.sharps, ""


def _fifths(interval: Any) -> int:
    """How many sharps more the music has as it sounds than as it is written."""
    if interval is None:
        return 0
    return 7 * int(interval.semitones) - 12 * int(interval.generic.staffDistance)


def _within_seven(sharps: int) -> int:
    """The signature that sounds alike and has a name."""
    return sharps - 12 if sharps > _MAX_SHARPS else sharps + 12 if sharps < -_MAX_SHARPS else sharps


def _fitting_mode(sharps: int, start: int, end: int, reading: Reading) -> str:
    rows = [
        (note.onset, max(note.end - note.onset, 1), note.pitch, note.velocity, note.track)
        for note in reading.notes
        if start <= note.onset < end
    ]
    fits = key_correlations(Piece(notes=make_notes(rows), tracks=tuple(reading.tracks)))
    major = Key(sharps, "major").tonic_pitch_class
    minor = Key(sharps, "minor").tonic_pitch_class
    return "minor" if fits[12 + minor] > fits[major] else "major"
