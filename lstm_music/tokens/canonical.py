"""The canonical form of a piece: exactly what tokens can carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.errors import TokenError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import MAX_TIMING_96THS, TIMING_PER_STEP, Piece, Tempo, Track
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.vocabulary import (
    DEFAULT,
    MAX_ONSET_STEPS,
    MAX_TIME_STEPS,
    VELOCITY_BIN_WIDTH,
    style_index,
    tempo_bin,
    tempo_usec,
)


def canonical(piece: Piece) -> Piece:
    """The piece as it comes back from tokens: ``decode(encode(piece))``.

    - Tempos and velocities move to the centre of their bin; a tempo or meter that changes
      nothing goes (a repeated meter that cuts a bar short changes something), and so do those
      after the last note and pedal change. Styles without a token become "".
    - The 16 tracks with the most notes stay, in order; names and programs of drum kits go.
    - Notes of one track, pitch and onset become one (the longest, the loudest, the earliest
      played); a note still sounding when its pitch is struck again ends there; no note lasts
      over 64 whole notes, is played more than a sixth of a quarter off its onset, or before 0.
    - Pedal changes that change nothing go; within one onset at most a lift and a press stay.
    - Where nothing happens for over 64 whole notes the piece ends, with a repair entry.

    Doing it twice changes nothing more.

    Parameters
    ----------
    piece : any piece.

    Returns
    -------
    canonical piece : without title, source and timing error; ``repairs`` says what was lost.

    Raises
    ------
    TokenError : a pitch above 127.

    Examples
    --------
    >>> canonical(Piece(tempos=(Tempo.from_bpm(121.3),))).tempos[0].tempo_bpm
    120.0
    """
    piece = _in_bins(piece)
    # A cut can empty a track, and a track's pedal gone can open a gap: until nothing changes.
    while True:
        piece = _with_real_pedal(_with_busiest_tracks(piece))
        shorter = _cut_at_gap(piece)
        if shorter is piece:
            return _without_trailing_changes(piece)
        piece = shorter


def canonical_with_all_tracks(piece: Piece) -> Piece:
    """`canonical`, but tracks without notes stay: something may be written in them.

    Parameters
    ----------
    piece : of at most 16 tracks.

    Raises
    ------
    TokenError : a pitch above 127.
    """
    return _cut_at_gap(_with_real_pedal(_in_bins(piece)))


def _in_bins(piece: Piece) -> Piece:
    """With values that tokens can carry, and without what says nothing."""
    return Piece(
        notes=_merged_notes(piece.notes),
        tracks=tuple(Track(0 if t.is_drum else t.program, t.is_drum) for t in piece.tracks),
        meters=_real_meters(piece),
        tempos=_real_tempos(piece.tempos),
        key=piece.key,
        pedal=piece.pedal,
        pickup_steps=piece.pickup_steps,
        style=DEFAULT.styles[style_index(piece.style)],
        repairs=piece.repairs,
    )


def _merged_notes(notes: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """One note per (track, pitch, onset), ending before the next; velocities at bin centres."""
    if not len(notes):
        return notes
    if notes["pitch_midi"].max() > 127:
        raise TokenError(f"pitches must be 0..127, got {notes['pitch_midi'].max()}")
    key = notes["track"].astype(np.int64) << 7 | notes["pitch_midi"]
    order = np.lexsort([notes["onset_steps"], key])
    notes, key = notes[order], key[order]
    onset = notes["onset_steps"].astype(np.int64)
    same_key = key[1:] == key[:-1]
    is_first = np.ones(len(notes), bool)
    is_first[1:] = ~(same_key & (onset[1:] == onset[:-1]))
    firsts = np.flatnonzero(is_first)
    merged, onset = notes[firsts], onset[firsts]
    duration = np.maximum.reduceat(notes["duration_steps"], firsts)
    # Infinite where the next kept note has another key.
    until_next = np.full(len(merged), MAX_TIME_STEPS)
    again = np.flatnonzero(same_key[firsts[1:] - 1])
    until_next[again] = onset[again + 1] - onset[again]
    merged["duration_steps"] = np.minimum(np.minimum(duration, until_next), MAX_TIME_STEPS)
    loudest = np.minimum(np.maximum.reduceat(notes["velocity"], firsts), 127)
    merged["velocity"] = (
        loudest // VELOCITY_BIN_WIDTH * VELOCITY_BIN_WIDTH + VELOCITY_BIN_WIDTH // 2
    )
    earliest = np.minimum.reduceat(notes["timing_96ths"], firsts).astype(np.int64)
    # Nothing sounds before 0.
    least = np.maximum(-TIMING_PER_STEP * onset, -MAX_TIMING_96THS)
    merged["timing_96ths"] = np.minimum(np.maximum(earliest, least), MAX_TIMING_96THS)
    return merged


def _real_meters(piece: Piece) -> tuple[Meter, ...]:
    """The meters without those that repeat the one in force on a bar line of it."""
    real = [piece.meters[0]]
    bar_line = piece.pickup_steps
    for meter in piece.meters[1:]:
        last = real[-1]
        repeats = (meter.numerator, meter.denominator) == (last.numerator, last.denominator)
        if not (repeats and (meter.onset_steps - bar_line) % last.bar_steps == 0):
            real.append(meter)
            bar_line = meter.onset_steps
    return tuple(real)


def _real_tempos(tempos: Sequence[Tempo]) -> tuple[Tempo, ...]:
    """The tempos at bin centres, without those that repeat the one in force."""
    bins = tempo_bin([tempo.usec_per_quarter for tempo in tempos]).tolist()
    return tuple(
        Tempo(tempo.onset_steps, tempo_usec(bins[i]))
        for i, tempo in enumerate(tempos)
        if not i or bins[i] != bins[i - 1]
    )


def _with_busiest_tracks(piece: Piece) -> Piece:
    """Without note-less tracks, and with no more than tokens can name; tracks renumbered."""
    counts = np.bincount(piece.notes["track"], minlength=len(piece.tracks))
    all_used = len(counts) <= MAX_TRACKS and counts.all()
    if all_used and (not len(piece.pedal) or piece.pedal["track"].max() < len(counts)):
        return piece
    busiest = np.argsort(-counts, kind="stable")[:MAX_TRACKS]
    kept = np.sort(busiest[counts[busiest] > 0])
    n_lost = int(np.count_nonzero(counts)) - len(kept)
    number = np.full(max(len(counts), int(piece.pedal["track"].max(initial=0)) + 1), -1)
    number[kept] = np.arange(len(kept))
    notes = piece.notes[number[piece.notes["track"]] >= 0]
    notes["track"] = number[notes["track"]]
    pedal = piece.pedal[number[piece.pedal["track"]] >= 0]
    pedal["track"] = number[pedal["track"]]
    lost = (f"dropped {n_lost} of {n_lost + MAX_TRACKS} tracks, those with the fewest notes",)
    return piece.replace(
        notes=notes,
        pedal=pedal,
        tracks=tuple(piece.tracks[i] for i in kept.tolist()),
        repairs=piece.repairs + (lost if n_lost else ()),
    )


def _with_real_pedal(piece: Piece) -> Piece:
    """With the pedal reduced, in each onset of a track, to what it does in the end.

    Down before and after, with a lift between, is a lift and a press; else one change or none.
    """
    if not len(piece.pedal):
        return piece
    # Stable, so changes of one onset keep their order.
    pedal = piece.pedal[np.lexsort([piece.pedal["onset_steps"], piece.pedal["track"]])]
    new_track = np.concatenate([[True], np.diff(pedal["track"].astype(np.int64)) != 0])
    new_onset = new_track | np.concatenate([[True], np.diff(pedal["onset_steps"]) != 0])
    firsts = np.flatnonzero(new_onset)
    lasts = np.append(firsts[1:], len(pedal)) - 1
    after = pedal["down"][lasts]
    before = np.concatenate([[False], after[:-1]]) & ~new_track[firsts]
    lifted = np.logical_or.reduceat(~pedal["down"], firsts)
    up = pedal[firsts[before & lifted]]
    up["down"] = False
    down = pedal[firsts[after & (~before | lifted)]]
    down["down"] = True
    # Lifts first: the Piece sorts stably by onset and track.
    return piece.replace(pedal=np.concatenate([up, down]))


def _cut_at_gap(piece: Piece) -> Piece:
    """Without what follows the first gap that tokens cannot cross; the same piece if none."""
    changes = [meter.onset_steps for meter in piece.meters]  # one at 0
    changes += [tempo.onset_steps for tempo in piece.tempos]
    onsets = np.concatenate([changes, piece.notes["onset_steps"], piece.pedal["onset_steps"]])
    onsets.sort()
    gaps = (onsets[1:] - onsets[:-1] > MAX_TIME_STEPS) | (onsets[1:] > MAX_ONSET_STEPS)
    if not gaps.any():
        return piece
    cut = int(onsets[np.argmax(gaps)])
    kept = piece.notes["onset_steps"] <= cut
    n_lost = int(np.count_nonzero(~kept))
    lost = (f"dropped {n_lost} notes after a gap of over 64 whole notes at step {cut}",)
    return piece.replace(
        notes=piece.notes[kept],
        pedal=piece.pedal[piece.pedal["onset_steps"] <= cut],
        meters=tuple(meter for meter in piece.meters if meter.onset_steps <= cut),
        tempos=tuple(tempo for tempo in piece.tempos if tempo.onset_steps <= cut),
        repairs=piece.repairs + (lost if n_lost else ()),
    )


def _without_trailing_changes(piece: Piece) -> Piece:
    """Without meters and tempos after the last note and pedal change."""
    if len(piece.meters) == len(piece.tempos) == 1:
        return piece
    last = max(
        int(piece.notes["onset_steps"].max(initial=0)),
        int(piece.pedal["onset_steps"].max(initial=0)),
    )
    return piece.replace(
        meters=tuple(meter for meter in piece.meters if meter.onset_steps <= last),
        tempos=tuple(tempo for tempo in piece.tempos if tempo.onset_steps <= last),
    )
