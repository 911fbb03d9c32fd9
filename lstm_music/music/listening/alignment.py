"""A performance moved from seconds to the grid of its own beats, with a tempo map that keeps time.

Every note keeps its seconds: within `TEMPO_ERROR_SECONDS` at the beats, where the tempo map has
fewer tempos than there are beats, and half a 96th of a quarter (3 ms at 120) in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.key import KeyChange
from lstm_music.music.listening.beat_tracking import track_beats
from lstm_music.music.listening.quantise import quantise, ternary_share, timing_residual
from lstm_music.music.original import Original
from lstm_music.music.piece import TIMING_PER_STEP, Piece, Tempo
from lstm_music.music.seconds import Clock, Floats

TEMPO_ERROR_SECONDS = 0.01
"""A tempo holds for as many beats as it places within this."""

TERNARY_SHARE = 0.6
"""From this share of the divided beats in three on, beats are dotted quarters (6/8, 9/8, 12/8)."""

LEAST_ON_GRID = 0.5
"""Random onsets have 0.4 of their notes within 20 ms of the grid that fits them best."""

_COMPOUND_STEPS = 36
_SAME_MOMENT_SECONDS = 1e-4
_MAX_USEC = 2**24 - 1  # what a MIDI file can say


def align_to_beats(piece: Piece) -> Piece | None:
    """The piece on the grid of the beats that its notes suggest.

    Silence before the first beat becomes whole beats, or goes when shorter than half a beat.

    Parameters
    ----------
    piece : with at least two onsets; its seconds are true, its beats are not.

    Returns
    -------
    Piece or None
        New onsets, timings, durations, pedal, keys and tempos; the first meter, without pickup;
        an original that knows where the beats lie in its file; no ``length_steps``. None when
        fewer than `LEAST_ON_GRID` of the notes are near a grid of the beats found.
    """
    beats = track_beats(piece)
    aligned = _on_beats(piece, beats, STEPS_PER_QUARTER)
    if ternary_share(aligned) >= TERNARY_SHARE:
        aligned = _on_beats(piece, beats, _COMPOUND_STEPS)
    residual = timing_residual(quantise(aligned))
    if residual.share_within_20_ms < LEAST_ON_GRID:
        return None
    pace = [60 / period for period in np.quantile(np.diff(beats), (0.05, 0.5, 0.95))]
    sentence = (
        f"not played to the beats of the file: found about {pace[1]:.0f} beats a minute "
        f"({pace[2]:.0f} to {pace[0]:.0f}); {residual.rms_ms:.1f} ms (rms) off its grid, "
        f"{100 * residual.share_within_20_ms:.0f} % of the notes within 20 ms"
    )
    return aligned.replace(repairs=(*piece.repairs, sentence))


def _on_beats(piece: Piece, beats: Floats, beat_steps: int) -> Piece:
    """The piece with beat ``i`` at step ``i * beat_steps``, up to whole beats of silence before."""
    before = Clock(piece.tempos)
    notes, pedal = piece.notes.copy(), piece.pedal.copy()
    played = notes["onset_steps"] + notes["timing_96ths"] / TIMING_PER_STEP
    # A note of the first chord may be a little early; none is before the first beat.
    beats = np.append(min(beats[0], before.seconds(played).min()), beats[1:])
    origin, beats = _with_lead_in(beats)
    tempos = _tempo_map(beats - origin, beat_steps)
    now = Clock(tempos)

    def steps(exact_steps: npt.NDArray[np.float64]) -> Floats:
        return np.maximum(now.steps(before.seconds(exact_steps) - origin), 0)

    ends = steps(notes["onset_steps"] + notes["duration_steps"].astype(np.float64))
    at = np.rint(TIMING_PER_STEP * steps(played)).astype(np.int64)
    notes["onset_steps"] = (at + TIMING_PER_STEP // 2) // TIMING_PER_STEP
    notes["timing_96ths"] = at - TIMING_PER_STEP * notes["onset_steps"].astype(np.int64)
    notes["duration_steps"] = np.maximum(np.rint(ends) - notes["onset_steps"], 1)
    pedal["onset_steps"] = np.rint(steps(pedal["onset_steps"].astype(np.float64)))
    keys = {int(np.rint(steps(np.array([c.onset_steps]))[0])): c.key for c in piece.key_changes}
    opening = keys.pop(0, piece.key)
    return piece.replace(
        notes=notes,
        pedal=pedal,
        tempos=tempos,
        meters=piece.meters[:1],
        pickup_steps=0,
        key=opening,
        key_changes=tuple(KeyChange(onset, key) for onset, key in sorted(keys.items())),
        added_places=_places(piece.added_places, steps),
        length_steps=0,  # told in bars that nobody played to
        original=piece.original and _moved(piece.original, before, now, beats, origin),
    )


def _places(
    places: tuple[tuple[int, int, int], ...], steps: Callable[[Floats], Floats]
) -> tuple[tuple[int, int, int], ...]:
    """The stretches of tracks with both their ends moved."""
    ends = np.rint(steps(np.array([place[1:] for place in places], np.float64))).astype(int)
    return tuple((place[0], *both) for place, both in zip(places, ends.tolist()))


def _moved(original: Original, before: Clock, now: Clock, beats: Floats, origin: float) -> Original:
    """The file of a piece whose steps were those of one clock and are now those of another.

    Its knots stand at every beat and every change of tempo: in between both clocks run evenly.
    """
    changes = [before.changes_seconds, now.changes_seconds + origin]
    moments = np.sort(np.concatenate([beats, *changes]))
    moments = moments[np.diff(moments, prepend=-np.inf) > _SAME_MOMENT_SECONDS]
    ticks = _extended(before.steps(moments), original.knots_steps, original.knots_ticks)
    steps = now.steps(moments - origin)
    return replace(original, knots_steps=steps, knots_ticks=ticks)


def _extended(x: Floats, at: Floats, to: Floats) -> Floats:
    """Linear between points, and beyond them as between the two at that end."""
    index = np.clip(np.searchsorted(at, x, side="right") - 1, 0, len(at) - 2)
    slope = (to[index + 1] - to[index]) / (at[index + 1] - at[index])
    return np.asarray(to[index] + (x - at[index]) * slope)


def _with_lead_in(beats: Floats) -> tuple[float, Floats]:
    """Where step 0 lies in seconds, and the beats from there on."""
    period = float(np.median(np.diff(beats[:9])))
    silent = round(float(beats[0]) / period)
    if silent < 1:
        return float(beats[0]), beats
    return 0.0, np.concatenate([np.linspace(0, beats[0], silent, endpoint=False), beats])


def _tempo_map(beats: Floats, beat_steps: int) -> tuple[Tempo, ...]:
    """As few tempos as place every beat within `TEMPO_ERROR_SECONDS`.

    Each tempo goes on until no single pace fits its beats (the cone of the paces that do
    closes), starting from where the one before really got to, so that errors do not add up.
    """
    tempos: list[Tempo] = []
    quarters = beat_steps / STEPS_PER_QUARTER
    first, start = 0, float(beats[0])
    while first < len(beats) - 1:
        slowest, fastest, last = np.inf, 0.0, first
        for index in range(first + 1, len(beats)):
            count = index - first
            low = max(fastest, (beats[index] - start - TEMPO_ERROR_SECONDS) / count)
            high = min(slowest, (beats[index] - start + TEMPO_ERROR_SECONDS) / count)
            if low > high and index > first + 1:
                break
            fastest, slowest, last = low, high, index
        pace = (beats[last] - start) / (last - first)
        pace = min(max(pace, fastest), slowest) if fastest <= slowest else pace
        usec = min(max(round(1e6 * pace / quarters), 1), _MAX_USEC)
        tempos.append(Tempo(first * beat_steps, usec))
        start += (last - first) * usec * quarters / 1e6
        first = last
    return tuple(tempos) or (Tempo(0),)
