"""Cut a stretch out of a piece, and join two stretches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

import numpy as np

from lstm_music.music.distinct import distinct
from lstm_music.music.piece import Piece
from lstm_music.types import BoolArray


class _Change(Protocol):
    @property
    def onset_steps(self) -> int: ...


_C = TypeVar("_C", bound=_Change)


def excerpt(piece: Piece, start_steps: int, end_steps: int | None = None) -> Piece:
    """The music from one bar line to another, moved to step 0.

    Notes that begin in [start, end) are kept and cut at ``end_steps``; meter, tempo, key and pedal
    are those in force at the start. The excerpt is no longer the file that it was read from.

    Parameters
    ----------
    piece : any piece.
    start_steps : a bar line; 0 keeps a pickup.
    end_steps : where to stop; None = at the end.
    """
    end = max(piece.end_steps, start_steps) if end_steps is None else end_steps
    inside = (piece.notes["onset_steps"] >= start_steps) & (piece.notes["onset_steps"] < end)
    notes = piece.notes[inside].copy()
    notes["duration_steps"] = np.minimum(notes["duration_steps"], end - notes["onset_steps"])
    notes["onset_steps"] -= start_steps
    later = (piece.pedal["onset_steps"] > start_steps) & (piece.pedal["onset_steps"] < end)
    before = piece.pedal[piece.pedal["onset_steps"] <= start_steps]
    held = [before[before["track"] == track][-1:] for track in distinct(before["track"])]
    pedal = np.concatenate([*(h[h["down"]] for h in held), piece.pedal[later]])
    pedal["onset_steps"] = np.maximum(pedal["onset_steps"] - start_steps, 0)
    keys = [
        change for change in piece.key_changes if change.onset_steps < max(end, start_steps + 1)
    ]
    begun = [change.key for change in keys if change.onset_steps <= start_steps]
    return piece.replace(
        notes=notes,
        pedal=pedal,
        key=begun[-1] if begun else piece.key,
        key_changes=tuple(
            replace(change, onset_steps=change.onset_steps - start_steps)
            for change in keys
            if change.onset_steps > start_steps
        ),
        length_steps=0,
        added_places=(),
        original=None,
        meters=_changes_from(piece.meters, start_steps, end),
        tempos=_changes_from(piece.tempos, start_steps, end),
        pickup_steps=piece.pickup_steps if start_steps == 0 else 0,
    )


def up_to(piece: Piece, end_steps: int, is_later: BoolArray) -> Piece:
    """The music before a bar line: nothing of what stands from there on, but for the ends of notes.

    A piece that was read from a file still is that file, as far as it goes.

    Parameters
    ----------
    piece : any piece.
    end_steps : a bar line, not the first.
    is_later : (N,) which notes go.
    """
    original = piece.original
    if original is not None:
        until = end_steps if original.until_steps is None else original.until_steps
        original = replace(original, until_steps=min(until, end_steps))
    return piece.replace(
        **changes_before(piece, end_steps),
        notes=piece.notes[~is_later],
        length_steps=0,
        added_places=tuple(
            (track, start, min(end, end_steps))
            for track, start, end in piece.added_places
            if start < end_steps
        ),
        original=original,
    )


def changes_before(piece: Piece, end_steps: int) -> dict[str, Any]:
    """The fields of a piece for its pedal and its changes, with those before ``end_steps``."""
    changes = {
        name: tuple(change for change in getattr(piece, name) if change.onset_steps < end_steps)
        for name in ("meters", "tempos", "key_changes")
    }
    return changes | {"pedal": piece.pedal[piece.pedal["onset_steps"] < end_steps]}


def _changes_from(changes: tuple[_C, ...], start: int, end: int) -> tuple[_C, ...]:
    """The change in force at ``start``, then those before ``end``, from step 0 on."""
    in_force = [c for c in changes if c.onset_steps <= start][-1]
    later = [c for c in changes if start < c.onset_steps < max(end, start + 1)]
    moved = [replace(c, onset_steps=c.onset_steps - start) for c in later]  # type: ignore[type-var]
    return (replace(in_force, onset_steps=0), *moved)  # type: ignore[type-var]


def join(first: Piece, second: Piece) -> Piece:
    """``first`` with the notes and pedal of ``second`` added, at the onsets they have.

    Everything else (tracks, meters, tempos, key, names) is ``first``'s, but for the length, what
    was repaired and which part is ours.
    """
    return first.replace(
        length_steps=second.length_steps,
        added_places=second.added_places,
        repairs=second.repairs,
        notes=np.concatenate([first.notes, second.notes]),
        pedal=np.concatenate([first.pedal, second.pedal]),
    )
