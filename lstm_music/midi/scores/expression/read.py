"""How a score asks to be played: loudness and pedal of each part, tempo of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.midi.scores.expression.dynamics import Loudness
from lstm_music.midi.scores.expression.marks import Mark, extents, instruments, of_staff
from lstm_music.midi.scores.expression.musicxml import musicxml_marks
from lstm_music.midi.scores.expression.pedal import pedal_changes
from lstm_music.midi.scores.expression.stream import stream_marks
from lstm_music.midi.scores.expression.unfold import unfold_changes
from lstm_music.midi.scores.repeats import Measure
from lstm_music.music.piece import PEDAL_DTYPE


@dataclass(frozen=True)
class Expression:
    """The marks of a score, in written time.

    Parameters
    ----------
    marks : all of them.
    loudness : of each part; the staves of a piano are two parts.
    pedal : of each part; changes of the sustain pedal, (step, whether it goes down).
    """

    marks: list[Mark]
    loudness: list[Loudness]
    pedal: list[list[tuple[int, bool]]]

    def sounding_pedal(
        self, tracks: Sequence[range], measures: Sequence[Measure], order: Sequence[int], end: int
    ) -> npt.NDArray[np.void]:
        """The pedal, (P,) PEDAL_DTYPE, of the measures in the order that they sound.

        Parameters
        ----------
        tracks : of each part; the pedal holds for all of them.
        measures, order : as written; none when the score has no bars.
        end : of what sounds, in steps; a pedal that is down then goes up.
        """
        rows = []
        for written, numbers in zip(self.pedal, tracks, strict=True):
            changes = written
            if order and written:
                changes = unfold_changes(written, measures, order, False, anew_everywhere=True)
            if changes and changes[-1][1]:
                changes = [*changes, (max(end, changes[-1][0]), False)]
            rows += [(step, track, down) for track in numbers for step, down in changes]
        return np.array(rows, PEDAL_DTYPE)


def read_expression(stream: Any, parts: Sequence[Any], musicxml: str = "") -> Expression:
    """The marks of a music21 stream, or of the MusicXML text that it was parsed from."""
    staves = instruments(parts)
    if musicxml:
        bars = [[m.offset for m in parts[i[0]].getElementsByClass("Measure")] for i in staves]
        marks = musicxml_marks(musicxml, bars)
    else:
        marks = stream_marks(stream, parts, staves)
    loudness: list[Loudness] = []
    pedal: list[list[tuple[int, bool]]] = []
    for number, instrument in enumerate(staves):
        own = [mark for mark in marks if mark.part == number]
        lasting = extents(own)
        for staff, _ in enumerate(instrument, start=1):
            counted = of_staff(lasting, staff) if len(instrument) > 1 else lasting
            loudness.append(Loudness(counted))
            pedal.append(pedal_changes(own))
    return Expression(marks, loudness, pedal)
