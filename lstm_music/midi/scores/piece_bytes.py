"""Pieces as bytes and back, to cross from one process to another without pickle.

Only plain values and arrays travel, so that what comes from a process that read a hostile file
can do no more than fail to be a piece.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import NOTE_DTYPE, PEDAL_DTYPE, Piece, Tempo, Track

_LENGTH = struct.Struct("<I")


def pieces_to_bytes(pieces: Sequence[Piece]) -> bytes:
    """The pieces as a JSON head, its length before it, and their notes and pedal changes."""
    head = json.dumps([_head(piece) for piece in pieces]).encode("ascii")
    arrays = (array for piece in pieces for array in (piece.notes, piece.pedal))
    return b"".join([_LENGTH.pack(len(head)), head, *(array.tobytes() for array in arrays)])


def pieces_from_bytes(data: bytes) -> list[Piece]:
    """What ``pieces_to_bytes`` was given.

    Raises
    ------
    MidiError : the bytes are anything else.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        offset = _LENGTH.size + length
        pieces = []
        for head in json.loads(data[_LENGTH.size : offset]):
            notes = np.frombuffer(data, NOTE_DTYPE, head["n_notes"], offset)
            pedal = np.frombuffer(data, PEDAL_DTYPE, head["n_pedal"], offset + notes.nbytes)
            offset += notes.nbytes + pedal.nbytes
            pieces.append(_piece(head, notes, pedal))
    except (struct.error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise MidiError(f"these bytes are no pieces: {error}") from error
    return pieces


def _head(piece: Piece) -> dict[str, Any]:
    return {
        "n_notes": len(piece.notes),
        "n_pedal": len(piece.pedal),
        "tracks": [(track.program, track.is_drum, track.name) for track in piece.tracks],
        "meters": [(m.onset_steps, m.numerator, m.denominator) for m in piece.meters],
        "tempos": [(tempo.onset_steps, tempo.usec_per_quarter) for tempo in piece.tempos],
        "key": piece.key and (piece.key.sharps, piece.key.mode),
        "key_changes": [(c.onset_steps, c.key.sharps, c.key.mode) for c in piece.key_changes],
        "length_steps": piece.length_steps,
        "pickup_steps": piece.pickup_steps,
        "style": piece.style,
        "title": piece.title,
        "source": piece.source,
        "repairs": piece.repairs,
        "max_timing_error_steps": piece.max_timing_error_steps,
        "unstated": sorted(piece.unstated),
    }


def _piece(head: dict[str, Any], notes: Any, pedal: Any) -> Piece:
    return Piece(
        notes=notes,
        tracks=tuple(Track(*track) for track in head["tracks"]),
        meters=tuple(Meter(*meter) for meter in head["meters"]),
        tempos=tuple(Tempo(*tempo) for tempo in head["tempos"]),
        key=None if head["key"] is None else Key(*head["key"]),
        pedal=pedal,
        key_changes=tuple(KeyChange(onset, Key(*key)) for onset, *key in head["key_changes"]),
        length_steps=head["length_steps"],
        pickup_steps=head["pickup_steps"],
        style=head["style"],
        title=head["title"],
        source=head["source"],
        repairs=tuple(head["repairs"]),
        max_timing_error_steps=head["max_timing_error_steps"],
        unstated=frozenset(head["unstated"]),
    )
