"""What is asked of the composer while playing, and its notes as they come, in a thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lstm_music.composer import Composer
from lstm_music.errors import LstmMusicError
from lstm_music.generate.streaming import CHANGEABLE, NoteStream
from lstm_music.music.piece import Piece

Row = tuple[int, int, int, int, int, int]
"""A note as `make_notes` takes it, in the steps of the session and the parts of its record."""


@dataclass(frozen=True)
class Ask:
    """Some bars to be written.

    Parameters
    ----------
    piece : what the network hears: the last bars.
    begin_steps : the step of the session at which the piece begins.
    bars : how many bars are to follow.
    parts : whose notes are wanted; those of the others the network imagines.
    new_parts : those of them that have no notes yet: they are written to the bars so far first.
    controls : of a request.
    """

    piece: Piece
    begin_steps: int
    bars: int
    parts: frozenset[int]
    new_parts: tuple[int, ...] = ()
    controls: Mapping[str, Any] = field(default_factory=dict)

    @property
    def start_steps(self) -> int:
        """The step of the session at which the new bars begin."""
        return self.begin_steps + self.piece.length_steps

    @property
    def end_steps(self) -> int:
        """The step of the session at which they end."""
        return self.start_steps + self.bars * self.piece.meters[0].bar_steps


class Writing(Protocol):
    """Notes that are being written."""

    @property
    def is_done(self) -> bool:
        """Whether no more will come."""

    def until(self, steps: float) -> list[Row]:
        """The notes that are there before a step, each given once."""

    def change(self, controls: Mapping[str, Any]) -> None:
        """Other controls, from the next notes on."""

    def cancel(self) -> None:
        """No more notes are wanted."""


Compose = Callable[[Ask], Writing]
Complain = Callable[[str], None]


class Stream:
    """The notes of an ask, in the steps of the session and the parts of its record."""

    def __init__(self, composer: Composer, ask: Ask) -> None:
        self._ask = ask
        piece = _accompanied(composer, ask)
        controls = {name: ask.controls[name] for name in ask.controls if name != "bars"}
        self._stream: NoteStream = composer.stream(piece, bars=ask.bars, **controls)

    def change(self, controls: Mapping[str, Any]) -> None:
        """Those that can change on the way do; the others wait for the next ask."""
        now = {name: value for name, value in controls.items() if name in CHANGEABLE}
        if now:
            self._stream.change(**now)

    def __iter__(self) -> Iterator[Row]:
        for note in self._stream:
            onset, duration, pitch, velocity, track, timing = note.tolist()
            if track in self._ask.parts:
                onset += self._ask.begin_steps
                yield onset, duration, pitch, velocity, track, timing


def _accompanied(composer: Composer, ask: Ask) -> Piece:
    """The piece, with what new parts would have played in it; nobody hears that."""
    piece, number = ask.piece, {}
    if not ask.new_parts:
        return piece
    kept = [i for i in range(len(piece.tracks)) if i not in ask.new_parts]
    number = {part: i for i, part in enumerate([*kept, *ask.new_parts])}
    names = ",".join(_instrument(piece, part) for part in ask.new_parts)
    heard = piece.replace(tracks=tuple(piece.tracks[i] for i in kept))
    notes = heard.notes.copy()
    notes["track"] = [number[int(t)] for t in notes["track"]]
    rng = {"rng_seed": ask.controls["rng_seed"]} if "rng_seed" in ask.controls else {}
    written = composer.accompany(heard.replace(notes=notes), with_=names, drafts=1, **rng)
    notes = written.notes.copy()
    back = [*kept, *ask.new_parts]
    notes["track"] = [back[int(t)] for t in notes["track"]]
    return piece.replace(notes=notes)


def _instrument(piece: Piece, part: int) -> str:
    track = piece.tracks[part]
    return "drums" if track.is_drum else str(track.program)


class Threaded:
    """Writes in a thread of its own, no further ahead than is asked for.

    Parameters
    ----------
    open_stream : what begins to write.
    complain : is told what went wrong, from that thread; the notes then end.
    """

    def __init__(self, open_stream: Callable[[], Stream], complain: Complain) -> None:
        self._complain = complain
        self._condition = threading.Condition()
        self._rows: deque[Row] = deque()
        self._wanted = float("-inf")
        self._changes: dict[str, Any] = {}
        self._is_done = self._is_cancelled = False
        self._thread = threading.Thread(target=self._run, args=(open_stream,), daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether no more will come."""
        with self._condition:
            return self._is_done and not self._rows

    def until(self, steps: float) -> list[Row]:
        """The notes that are there before a step, each given once; more are written."""
        with self._condition:
            self._wanted = max(self._wanted, steps)
            self._condition.notify()
            found = []
            while self._rows and self._rows[0][0] < steps:
                found.append(self._rows.popleft())
            return found

    def change(self, controls: Mapping[str, Any]) -> None:
        """Other controls, from the next notes on."""
        with self._condition:
            self._changes.update(controls)

    def cancel(self) -> None:
        """No more notes are wanted."""
        with self._condition:
            self._is_cancelled = True
            self._rows.clear()
            self._condition.notify()

    def join(self, timeout: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout)

    def _run(self, open_stream: Callable[[], Stream]) -> None:
        try:
            stream = open_stream()
            for row in stream:
                if not self._put(row):
                    return
                self._obey(stream)
        except LstmMusicError as error:
            self._complain(str(error))
        except Exception as error:  # a bug must not end the session, nor pass in silence
            self._complain(f"unexpected {type(error).__name__}: {error}; please report it")
        finally:
            with self._condition:
                self._is_done = True

    def _put(self, row: Row) -> bool:
        """Hand over a note, and wait until the next is wanted; False: no more is."""
        with self._condition:
            if not self._is_cancelled:
                self._rows.append(row)
            self._condition.wait_for(lambda: self._is_cancelled or self._wanted > row[0])
            return not self._is_cancelled

    def _obey(self, stream: Stream) -> None:
        with self._condition:
            changes, self._changes = self._changes, {}
        if changes:
            try:
                stream.change(changes)
            except LstmMusicError as error:
                self._complain(str(error))


class AtOnce:
    """Writes when notes are asked for, in the thread that asks: the same notes at any speed."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._notes = stream, iter(stream)
        self._next: Row | None = None
        self._is_cancelled = False
        self._advance()

    @property
    def is_done(self) -> bool:
        """Whether no more will come."""
        return self._next is None

    def until(self, steps: float) -> list[Row]:
        """The notes before a step, each given once."""
        found = []
        while self._next is not None and self._next[0] < steps:
            found.append(self._next)
            self._advance()
        return found

    def change(self, controls: Mapping[str, Any]) -> None:
        """Other controls, from the next notes on."""
        self._stream.change(controls)

    def cancel(self) -> None:
        """No more notes are wanted."""
        self._next, self._notes = None, iter(())

    def _advance(self) -> None:
        self._next = next(self._notes, None)
