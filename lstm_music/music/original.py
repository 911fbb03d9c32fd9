"""The MIDI file that a piece was read from, so that writing the piece can keep all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from lstm_music.music.meter import Meter
    from lstm_music.music.piece import Piece


class Instrument(NamedTuple):
    """Where a track of a piece stands in its MIDI file, and what its channel was set to.

    Parameters
    ----------
    mtrk : number of the track chunk, from 0.
    channel : 0..15; of an MPE zone the lowest channel that has notes.
    program : 0..127, in force when its first note began.
    port : of the chunk (meta 0x21), 0 where the file names none.
    bank : MSB << 7 | LSB (controllers 0 and 32), in force when its first note began.
    is_drum : whether it is a drum part: channel 10, or by bank or GS sysex.
    """

    mtrk: int
    channel: int
    program: int
    port: int = 0
    bank: int = 0
    is_drum: bool = False


@dataclass(frozen=True, eq=False)
class Original:
    """The file of a piece, and how the two go together.

    Parameters
    ----------
    data : the whole file.
    instruments : of each track of the piece.
    knots_steps, knots_ticks : (K,) float64, rising; the piece's steps and the file's ticks of the
        same moments, K >= 2. In between, and before and after them, time runs evenly.
    mtrk : of a file of separate pieces (format 2) the chunk that the piece is; else -1.
    chosen_meter : that somebody chose in place of the file's; writing states it at the beginning.
    as_read : the piece as it was read, its arrays copies of their own. A piece that holds more is
        the file with additions; one that lacks something of it, or has it otherwise, is another.
    until_steps : from there on the file is cut away, but for the ends of notes; None: it is whole.
    """

    data: bytes = field(repr=False)
    instruments: tuple[Instrument, ...]
    knots_steps: npt.NDArray[np.float64]
    knots_ticks: npt.NDArray[np.float64]
    mtrk: int = -1
    chosen_meter: Meter | None = None
    as_read: Piece | None = None
    until_steps: int | None = None

    def ticks(self, steps: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """The nearest ticks of the file to steps of the piece, halves up."""
        at, to = self.knots_steps, self.knots_ticks
        i = np.clip(np.searchsorted(at, steps, side="right") - 1, 0, len(at) - 2)
        exact = to[i] + (steps - at[i]) * (to[i + 1] - to[i]) / (at[i + 1] - at[i])
        return np.floor(exact + 0.5).astype(np.int64)
