"""From a piece to its one sequence of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.errors import TokenError
from lstm_music.music.meter import DENOMINATORS
from lstm_music.music.piece import Piece, Track
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.given_text import GivenText
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.vocabulary import (
    DEFAULT,
    DRUM_PROGRAM,
    RADIX_STEPS,
    START_VELOCITY_BIN,
    VELOCITY_BIN_WIDTH,
    key_index,
    style_index,
    tempo_bin,
    timing_index,
)
from lstm_music.types import NoteArray

_Ints = npt.NDArray[np.int64]

_FIRST = {name: DEFAULT[name].start for name, _ in DEFAULT.ranges}
_NONE = -1  # a token that an event does without

# What happens at one onset, in this order; within a track pedal (up, down), then notes.
_METER, _TEMPO, _TRACK = range(3)
_PEDAL, _NOTE = range(2)


def encode(piece: Piece) -> npt.NDArray[np.int32]:
    """Tokens of the canonical form of ``piece``.

    Returns
    -------
    tokens : (N,) int32, from START to END; ``decode`` gives ``canonical(piece)`` back.

    Raises
    ------
    TokenError : the piece has no note that tokens can carry.

    Examples
    --------
    >>> from lstm_music.music.piece import make_notes, Track
    >>> c4 = make_notes([(0, 24, 60, 80, 0)])
    >>> [DEFAULT.name(t) for t in encode(Piece(c4, (Track(),)))][-3:]
    ['pitch 60', 'duration 24', 'end']
    """
    piece = canonical(piece)
    if not len(piece.notes):
        raise TokenError("a piece must have a note within its first 64 whole notes, got none")
    header = encode_header(piece)
    return np.concatenate([header, _body(piece), [_FIRST["end"]]]).astype(np.int32)


def encode_header(piece: Piece) -> npt.NDArray[np.int32]:
    """Tokens from START to BODY; without tracks only to PICKUP, so that a model may choose them.

    Raises
    ------
    TokenError : there are more tracks than tokens can name (``canonical`` drops some).

    Examples
    --------
    >>> [DEFAULT.name(t) for t in encode_header(Piece())][2:]
    ['numerator 4', 'denominator 4', 'key unknown', 'tempo 120', 'pickup 0']
    """
    if len(piece.tracks) > MAX_TRACKS:
        raise TokenError(f"a piece must have at most {MAX_TRACKS} tracks, got {len(piece.tracks)}")
    meter = piece.meters[0]
    longs, rest = divmod(piece.pickup_steps, RADIX_STEPS)
    programs = [DRUM_PROGRAM if track.is_drum else track.program for track in piece.tracks]
    tokens = [
        _FIRST["start"],
        DEFAULT.style_tokens[style_index(piece.style)],
        _FIRST["numerator"] + meter.numerator - 1,
        _FIRST["denominator"] + DENOMINATORS.index(meter.denominator),
        _FIRST["key"] + key_index(piece.key),
        _FIRST["tempo"] + int(tempo_bin([piece.tempos[0].usec_per_quarter])[0]),
        *[_FIRST["long"]] * longs,
        _FIRST["pickup"] + rest,
        *(_FIRST["program"] + program for program in programs),
        *([_FIRST["body"]] if programs else []),
    ]
    return np.array(tokens, np.int32)


def given_text(notes: NoteArray, tracks: Sequence[Track]) -> GivenText | None:
    """Given notes of a canonical piece as tokens, for whoever fills what is between; None if none.

    Parameters
    ----------
    notes : (N,) NOTE_DTYPE, in order of onset, track and pitch.
    tracks : of the piece; some may have no notes.
    """
    if not len(notes):
        return None
    return GivenText(_body(Piece(notes=notes, tracks=tuple(tracks))))


class _Events:
    """Everything that happens, one row each, sorted as it is told.

    ``main``, ``time``, ``velocity`` and ``timing`` are each event's tokens in order, ``longs``
    the number of LONG tokens before ``time``: a note's pitch, duration and so on, or a meter's two.
    """

    def __init__(self, piece: Piece) -> None:
        notes, pedal = piece.notes, piece.pedal
        meters, tempos = piece.meters[1:], piece.tempos[1:]
        sizes = (len(meters), len(tempos), len(pedal), len(notes))
        nothing = [np.full(size, _NONE) for size in sizes]
        zeros = [np.zeros(size, np.int64) for size in sizes]
        longs, duration = _split(notes["duration_steps"].astype(np.int64))
        is_drum = np.array([track.is_drum for track in piece.tracks])
        first_pitch = np.where(is_drum[notes["track"]], _FIRST["drum"], _FIRST["pitch"])
        self.onset = np.concatenate(
            [
                np.array([meter.onset_steps for meter in meters], np.int64),
                np.array([tempo.onset_steps for tempo in tempos], np.int64),
                pedal["onset_steps"],
                notes["onset_steps"],
            ]
        )
        self.phase = np.repeat([_METER, _TEMPO, _TRACK, _TRACK], sizes)
        self.track = np.concatenate([*zeros[:2], pedal["track"], notes["track"]])
        what = np.repeat([0, 0, _PEDAL, _NOTE], sizes)
        rank = np.concatenate([*zeros[:2], pedal["down"], notes["pitch_midi"]])
        self.main = np.concatenate(
            [
                np.array([_FIRST["numerator"] + m.numerator - 1 for m in meters], np.int64),
                _FIRST["tempo"] + tempo_bin([tempo.usec_per_quarter for tempo in tempos]),
                np.where(pedal["down"], _FIRST["pedal_down"], _FIRST["pedal_up"]),
                first_pitch + notes["pitch_midi"],
            ]
        )
        denominators = [DENOMINATORS.index(m.denominator) for m in meters]
        self.time = np.concatenate(
            [
                _FIRST["denominator"] + np.array(denominators, np.int64),
                *nothing[1:3],
                _FIRST["duration"] + duration - 1,
            ]
        )
        self.longs = np.concatenate([*zeros[:3], longs])
        self.velocity = np.concatenate([*nothing[:3], _velocity_tokens(piece)])
        self.timing = np.concatenate([*nothing[:3], _timing_tokens(notes["timing_96ths"])])
        order = np.lexsort([rank, what, self.track, self.phase, self.onset])
        for name, column in vars(self).items():
            setattr(self, name, column[order])


def _velocity_tokens(piece: Piece) -> _Ints:
    """Token of each note's velocity, _NONE where it is the one its track had before."""
    bins = (piece.notes["velocity"] // VELOCITY_BIN_WIDTH).astype(np.int64)
    order = np.argsort(piece.notes["track"], kind="stable")
    tracks, in_order = piece.notes["track"][order], bins[order]
    before = np.concatenate([[START_VELOCITY_BIN], in_order[:-1]])
    before[np.concatenate([[True], tracks[1:] != tracks[:-1]])] = START_VELOCITY_BIN
    tokens = np.empty(len(bins), np.int64)
    tokens[order] = np.where(in_order == before, _NONE, _FIRST["velocity"] + in_order)
    return tokens


def _timing_tokens(timing_96ths: npt.NDArray[np.int8]) -> _Ints:
    """Token of each note's timing, _NONE where it is played on its onset."""
    tokens = _FIRST["timing"] + timing_index(timing_96ths)
    return np.where(timing_96ths == 0, _NONE, tokens)


def _split(steps: _Ints) -> tuple[_Ints, _Ints]:
    """Times as LONG counts and a rest of 1..96."""
    longs = (steps - 1) // RADIX_STEPS
    return longs, steps - RADIX_STEPS * longs


def _body(piece: Piece) -> _Ints:
    """The tokens between BODY and END."""
    events = _Events(piece)
    step = np.diff(events.onset, prepend=0)
    longs, rest = _split(step)
    moves = step > 0
    longs[~moves] = 0
    shift = np.where(moves, _FIRST["shift"] + rest - 1, _NONE)

    in_track = np.flatnonzero(events.phase == _TRACK)
    tracks = events.track[in_track]
    track = np.full(len(step), _NONE)
    track[in_track] = np.where(np.diff(tracks, prepend=0) != 0, _FIRST["track"] + tracks, _NONE)

    # Of each event: its tokens, _NONE taking no place, and the LONGs before each of them.
    columns = [shift, track, events.main, events.time, events.velocity, events.timing]
    tokens = np.stack(columns, axis=1).reshape(-1)
    longs_before = np.zeros((len(step), len(columns)), np.int64)
    longs_before[:, 0], longs_before[:, 3] = longs, events.longs
    present = tokens != _NONE
    ends = np.cumsum(longs_before.reshape(-1) + present)
    body = np.full(ends[-1], _FIRST["long"])
    body[ends[present] - 1] = tokens[present]
    return body
