"""When something is written, and what: answer, follow, endless."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from lstm_music.live.composing import Ask
from lstm_music.live.record import Record
from lstm_music.live.settings import Settings
from lstm_music.live.timing import Timing

_LONGEST_TURN = 8
_CHUNK_BARS = 4
_LONGER, _UNKNOWN_REST_SECONDS, _LONGEST_REST_SECONDS = 1.5, 1.0, 3.0
_HELD_BEATS = 8
"""A key that is held for longer does not keep a phrase open."""


@dataclass
class Scene:
    """What a mode decides by.

    Parameters
    ----------
    settings, timing, record : of the session.
    controls : as they stand.
    now : seconds.
    lead_seconds : how long before its first beat a turn must be asked for.
    is_busy : whether something is being written or is to sound.
    end_steps : where the newest bars that we write end.
    """

    settings: Settings
    timing: Timing
    record: Record
    controls: Mapping[str, Any]
    now: float
    lead_seconds: float
    is_busy: bool = False
    end_steps: int = 0

    @property
    def bars(self) -> int | None:
        """Bars of a turn: as the knob says, else as the settings say."""
        asked = self.controls.get("bars", self.settings.bars)
        return None if asked is None else int(asked)

    def lead_steps(self) -> float:
        """The step at which what is written now could begin to sound."""
        clock = self.timing.clock
        assert clock is not None  # modes are asked only while time goes on
        return clock.steps_at(self.now + self.lead_seconds)

    def ask(self, start: int, bars: int, **more: Any) -> Ask | None:
        """Bars from a bar line on; None: nothing has been played that they could go on from."""
        clock = self.timing.clock
        assert clock is not None
        self.record.settle(clock, self.now)
        piece, begin = self.record.piece(clock, start, self.now)
        if not len(piece.notes):
            return None
        players = frozenset(i for i, part in enumerate(self.record.parts) if not part.is_ours)
        controls = {name: self.controls[name] for name in self.controls if name != "tempo_bpm"}
        asked = {"parts": players, "controls": controls, **more}
        return Ask(piece, begin, bars, **asked)


class Mode(Protocol):
    """Decides when bars are written."""

    yields: bool
    """Whether we fall silent when the player begins."""

    def next_ask(self, scene: Scene) -> Ask | None:
        """What is to be written now; None: nothing."""


def _beat_seconds(scene: Scene) -> float:
    clock = scene.timing.clock
    return 60 / clock.tempo_bpm if clock is not None else 0.5


def phrase_is_over(scene: Scene) -> bool:
    """Whether the player has played, and rests.

    As long as no tempo is known, a rest is longer than any wait within the phrase.
    """
    record, beat = scene.record, _beat_seconds(scene)
    if not record.onsets:
        return False
    rest = (_HELD_BEATS if record.keys_down else scene.settings.rest_beats) * beat
    if scene.timing.is_free and not scene.timing.is_found:
        onsets = [at for at, _, _ in record.onsets]
        longest = max((b - a for a, b in pairwise(onsets)), default=0.0)
        rest = max(rest, min(_LONGER * longest, _LONGEST_REST_SECONDS), _UNKNOWN_REST_SECONDS)
    return scene.now - record.last_seconds >= rest


def _is_found(scene: Scene) -> bool:
    """Whether the tempo of what is played is known, or can now be told."""
    return scene.timing.is_found or scene.timing.find(scene.record.onsets)


class AnswerPhrases:
    """A phrase ends with a rest; its answer is as long, and begins at the next bar line.

    Where the time is ours, the next beat becomes that bar line.
    """

    yields = True

    def next_ask(self, scene: Scene) -> Ask | None:
        """The answer to a phrase that has just ended."""
        if scene.is_busy or not phrase_is_over(scene):
            return None
        timing, record, bar = scene.timing, scene.record, scene.record.bar_steps
        timing.find(record.onsets)
        clock = timing.clock
        assert clock is not None
        first = clock.steps_at(record.onsets[0][0])
        last = clock.steps_at(record.onsets[-1][0])  # when a key is let go says little
        record.release_all(scene.now)
        soonest = scene.lead_steps()
        start = math.ceil(soonest / bar) * bar
        if timing.is_free:
            beat = scene.settings.meter.beat_steps
            next_beat = math.ceil(soonest / beat) * beat
            record.settle(clock, scene.now)
            line = (
                math.floor(last / bar) + 1
            ) * bar  # the bar line that the answer takes for its own
            timing.anchor(clock.seconds_at(next_beat), line)
            start = line
        length = math.floor(last / bar) - math.floor(first / bar) + 1
        return scene.ask(start, scene.bars or min(length, _LONGEST_TURN))


class AnswerBars:
    """Turns of so many bars: the player's, ours, the player's, ..."""

    yields = False

    def next_ask(self, scene: Scene) -> Ask | None:
        """Our turn, a little before it begins."""
        timing = scene.timing
        if scene.is_busy or (timing.is_free and not _is_found(scene)):
            return None
        turn = (scene.bars or _CHUNK_BARS) * scene.record.bar_steps
        soonest = scene.lead_steps()
        start = math.floor(soonest / turn) * turn
        is_ours = start // turn % 2 == 1
        if not is_ours or start < scene.end_steps or soonest - start > scene.record.bar_steps / 4:
            return None
        return scene.ask(start, turn // scene.record.bar_steps)


class Follow:
    """The next bar of an accompaniment to what is being played, bar by bar.

    The network goes on with all parts; those of the player it only imagines.
    """

    yields = False

    def next_ask(self, scene: Scene) -> Ask | None:
        """The next bar, a little before it begins."""
        record, timing, bar = scene.record, scene.timing, scene.record.bar_steps
        if timing.is_free and not _is_found(scene):
            return None
        soonest = scene.lead_steps()
        start = math.floor(soonest / bar) * bar
        clock = timing.clock
        assert clock is not None
        if start <= 0 or start < scene.end_steps or soonest - start > bar / 4:
            return None
        if clock.steps_at(record.last_seconds) < start - 2 * bar:
            return None  # the player is gone
        ours = [i for i, part in enumerate(record.parts) if part.is_ours]
        new = tuple(i for i in ours if not record.has_ours(i, start - 2 * bar))
        return scene.ask(start, 1, parts=frozenset(ours), new_parts=new)


class Endless:
    """On and on, a few bars at a time; what is played meanwhile is heard for the next ones."""

    yields = False

    def next_ask(self, scene: Scene) -> Ask | None:
        """The next bars, a little before the last ones end."""
        bar = scene.record.bar_steps
        if not scene.end_steps:
            return self._first(scene)
        soonest = scene.lead_steps()
        start = scene.end_steps
        if soonest < start:
            return None
        if soonest - start > bar / 4:  # something took too long: at the next bar line
            start = math.ceil(soonest / bar) * bar
        return scene.ask(start, scene.bars or _CHUNK_BARS)

    def _first(self, scene: Scene) -> Ask | None:
        bar = scene.record.bar_steps
        if not scene.record.is_empty and not scene.record.onsets:  # a seed stands there
            start = math.ceil(scene.lead_steps() / bar) * bar
            return scene.ask(max(start, 0), scene.bars or _CHUNK_BARS)
        return AnswerPhrases().next_ask(scene)


def mode_named(name: str, turns: str) -> Mode:
    """The mode of a name."""
    if name == "follow":
        return Follow()
    if name == "endless":
        return Endless()
    return AnswerPhrases() if turns == "phrase" else AnswerBars()
