"""Given music as events, in the order in which tokens tell it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.music.distinct import distinct
from lstm_music.music.meter import DENOMINATORS
from lstm_music.music.piece import Piece
from lstm_music.tokens.vocabulary import VELOCITY_BIN_WIDTH, tempo_bin, timing_index
from lstm_music.types import BoolArray, IntArray, NoteArray

_METER, _TEMPO, _PEDAL_UP, _PEDAL_DOWN, _NOTE, _SLOT = range(6)
_N_COLUMNS = 8
_NONE = -1


def given_events(piece: Piece, is_slot: BoolArray, allowed: BoolArray | None = None) -> IntArray:
    """The events of a piece, its header left out.

    Parameters
    ----------
    piece : in canonical form, though tracks may be without notes.
    is_slot : (N,) bool, the notes whose pitch is open.
    allowed : (tracks, 128), the pitches that they may take; None: all.

    Returns
    -------
    events : (E, 8) int32, as ``lstm_music.generate.given.Given`` takes them.
    """
    notes, pedal = piece.notes, piece.pedal
    meters, tempos = piece.meters[1:], piece.tempos[1:]
    rows = np.full((len(meters) + len(tempos) + len(pedal) + len(notes), _N_COLUMNS), _NONE)
    at = len(meters)
    if meters:
        rows[:at, 0] = [meter.onset_steps for meter in meters]
        rows[:at, 1] = _METER
        rows[:at, 3] = [meter.numerator - 1 for meter in meters]
        rows[:at, 4] = [DENOMINATORS.index(meter.denominator) for meter in meters]
    if tempos:
        some = rows[at : at + len(tempos)]
        some[:, 0] = [tempo.onset_steps for tempo in tempos]
        some[:, 1] = _TEMPO
        some[:, 3] = tempo_bin([tempo.usec_per_quarter for tempo in tempos])
    at += len(tempos)
    some = rows[at : at + len(pedal)]
    some[:, 0], some[:, 2] = pedal["onset_steps"], pedal["track"]
    some[:, 1] = np.where(pedal["down"], _PEDAL_DOWN, _PEDAL_UP)
    some = rows[at + len(pedal) :]
    some[:, 0], some[:, 2] = notes["onset_steps"], notes["track"]
    some[:, 1] = np.where(is_slot, _SLOT, _NOTE)
    some[:, 3], some[:, 5] = notes["pitch_midi"], notes["duration_steps"]
    some[:, 6] = notes["velocity"] // VELOCITY_BIN_WIDTH
    played = notes["timing_96ths"] != 0
    some[played, 7] = timing_index(notes["timing_96ths"][played])
    # Within a track pedal (up, down), then notes by pitch; slots among them by the pitch they had,
    # or where the pitches allowed begin: below a kept note there may be none of these.
    height = rows[:, 3].astype(float)
    if allowed is not None:
        height[at + len(pedal) :][is_slot] = _heights(notes[is_slot], allowed)
    kind = np.minimum(rows[:, 1], _NOTE)
    phase = np.minimum(kind, _PEDAL_UP)
    order = np.lexsort([height, kind, rows[:, 2], phase, rows[:, 0]])
    return rows[order].astype(np.int32)


def _heights(slots: NoteArray, allowed: BoolArray) -> npt.NDArray[np.float64]:
    """The pitches of slots, brought to just within the outermost pitches allowed."""
    found = slots["pitch_midi"].astype(float)
    for track in distinct(slots["track"]).tolist():
        pitches = np.flatnonzero(allowed[track])
        if len(pitches):
            mine = slots["track"] == track
            beyond = np.clip(found[mine], pitches[0] + 0.5, pitches[-1] - 0.5)
            outside = (found[mine] < pitches[0]) | (found[mine] > pitches[-1])
            found[mine] = np.where(outside, beyond, found[mine])
    return found
