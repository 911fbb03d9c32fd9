"""Bars that return: generators read them as given music, note for note, and compose the others.

A piece with a form is written in stages. In each the network first reads the copies of bars that
are there already; then it composes the bars up to the next copy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lstm_music.generate.forms.choosing import FIRST, Choice, run_drafts, shares_at_once
from lstm_music.generate.forms.copies import Copy, copied_events
from lstm_music.generate.forms.echoes import echo_of
from lstm_music.generate.forms.endings import DRAWS_APART, ENDING_BARS, close_all, closes
from lstm_music.generate.forms.plan import FormPlan, kept_steps, repeated
from lstm_music.generate.forms.wanted import bars_before
from lstm_music.generate.given import Given
from lstm_music.generate.loop import NEVER, Generator
from lstm_music.generate.planning.parts import voices_for
from lstm_music.generate.planning.plan import Place, Plan
from lstm_music.generate.planning.prompt import Prompt
from lstm_music.generate.planning.ruling import Ruling, leans_for, rules_for
from lstm_music.generate.together import run_together
from lstm_music.music.form import bars_of
from lstm_music.music.harmony.rests import REST_BEATS, chords_at_rest
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece
from lstm_music.tokens.decode import written_piece
from lstm_music.types import NoteArray

STAGE_DRAWS = 8
"""So often at most is a stage drawn."""

WARMER = 1.05
"""What the temperature is multiplied by for each further draw: music that goes round in circles at
the usual one gets out of them."""

Again = Callable[[int, int, float], Generator]
"""``again(i, stream, warmth)``: a generator that stands where the i-th does, with random numbers of
its own stream, and its temperature so many times the usual one."""


@dataclass(frozen=True)
class Stage:
    """Copies, in order of time, and then the stretch [free_start, free_end) that is composed. It is
    empty in the last stage of a piece that ends with a copy.

    A long stretch, up to ``stretch_end``, is composed in several stages: the network pauses where
    its next note stands beyond ``free_end``, and the next stage ``goes_on`` from there.
    """

    copies: tuple[Copy, ...]
    free_start: int
    free_end: int
    is_last: bool
    stretch_end: int
    goes_on: bool = False

    @property
    def start(self) -> int:
        """Where the copies begin, or what is composed."""
        return min([self.free_start, *(copy.start for copy in self.copies)])

    def with_free_end(self, steps: int) -> Stage:
        """The stage with its last steps composed; they were copied."""
        start = self.free_end - steps
        copies = [copy._replace(end=min(copy.end, start)) for copy in self.copies]
        return replace(self, copies=tuple(c for c in copies if c.start < c.end), free_start=start)


class Formed:
    """How one piece is written in stages.

    Parameters
    ----------
    form : which of its new bars return.
    plan, ruling, prompt : of the whole, as those of a piece without a form.
    standing : notes that are there from the beginning; their tracks have no others.
    choice : which of several drafts of a stage is kept.
    """

    def __init__(
        self,
        form: FormPlan,
        plan: Plan,
        ruling: Ruling,
        prompt: Prompt,
        *,
        standing: NoteArray | None = None,
        choice: Choice = FIRST,
    ) -> None:
        self.form, self.choice = form, choice
        self._standing = np.empty(0, NOTE_DTYPE) if standing is None else standing
        self.stages = stages_of(form, prompt)
        self._plan, self._ruling, self._prompt = plan, ruling, prompt
        starts = _bar_starts(form, prompt)
        self._n_before = len(starts) - len(form.returns)
        self._echo = echo_of(form, starts, self._n_before, prompt.bar_steps)
        request = ruling.request
        self._closes = request.seed is None and request.ending != "free"
        self._last_root = form.roots()[-1]

    def begin(self, generator: Generator, stage: Stage) -> None:
        """Set a generator the task of a stage; it stands at the end of the one before."""
        generator.set_pause(stage.free_end if stage.free_end < stage.stretch_end else NEVER)
        if stage.goes_on:
            return
        places = tuple(
            Place(track, stage.free_start, stage.stretch_end)
            for track in range(len(self._prompt.tracks))
            if track not in self._standing["track"]
        )
        prompt = replace(self._prompt, places=places)
        rules = rules_for(self._ruling, self._plan, prompt)
        leans = leans_for(self._ruling, self._plan, prompt, rules)
        given = Given(copied_events(generator, stage.copies, self._standing_in(stage)))
        voices = voices_for(self._ruling, self._plan, prompt)
        generator.set_task(
            given, rules, prompt.bar_steps, leans, voices=voices, goes_on=not self._is_end(stage)
        )
        generator.set_echo(self._echo)

    def _is_end(self, stage: Stage) -> bool:
        """Whether a stage is of the last stretch of the piece."""
        return stage.stretch_end == self.stages[-1].stretch_end

    def _standing_in(self, stage: Stage) -> NoteArray:
        """The standing notes of a stage."""
        onsets = self._standing["onset_steps"]
        return self._standing[(onsets >= stage.start) & (onsets < stage.stretch_end)]

    def chosen(self, drafts: Sequence[Generator], stage: Stage, *, pauses: bool) -> Generator:
        """Which of the drafts of a stage is kept; the last stage ``pauses`` before the ending."""
        end = self.ending(stage) if pauses and stage.is_last else stage.free_end
        return self.choice.of(drafts, end // self.bar_steps)

    def ending(self, stage: Stage) -> int:
        """Where the bars of the last stage begin that are drawn until they close the piece."""
        return max(stage.free_end - ENDING_BARS * self.bar_steps, stage.free_start)

    def faults(self, generator: Generator, stage: Stage, key: Key | None) -> int:
        """How much is wrong with a stage that a generator has just written, 0 for nothing.

        What is to be new must be unlike what was there before it. Chords at rest must stand on
        their root, where that is asked. What returns at the end of a piece that ends on the tonic
        of ``key``, or of its own key, must end on it.
        """
        end = self.ending(stage) if stage.is_last else stage.free_end
        start = self._prompt.start_steps
        new = slice((stage.free_start - start) // self.bar_steps, (end - start) // self.bar_steps)
        piece = written_piece(generator.score)
        bars = bars_of(piece, self._n_before + new.stop)
        found = repeated(self.form, bars, self._n_before, new)
        found += self._restless(piece, stage, end if self._closes else stage.free_end)
        if self._closes and not stage.is_last and self._last_root == new.stop - 1:
            found += closes(generator, key) is False
        return found

    def _restless(self, piece: Piece, stage: Stage, end: int) -> int:
        """How many chords at rest before ``end`` do not stand on their root, where they are to."""
        if not self.form.comes_to_rest:
            return 0
        # The last chord before a stage is at rest, too, where the stage begins late.
        begin = stage.free_start - REST_BEATS * piece.meters[0].beat_steps
        chords = chords_at_rest(piece)
        return sum(begin < onset < end and not is_on_root for onset, is_on_root in chords)

    def ends_well(self, generator: Generator) -> bool:
        """Whether the last stage of a piece that closes comes to rest as asked."""
        last = self.stages[-1]
        return not self._restless(written_piece(generator.score), last, last.free_end)

    def silent_parts(self, piece: Piece) -> int:
        """How many parts are missing in the finished piece, where all are to rest together."""
        return len(self._prompt.tracks) - len(piece.tracks) if self.form.comes_to_rest else 0

    def free_notes(self, notes: NoteArray) -> int:
        """How many notes, in steps of the prompt, stand where it composes."""
        onsets = notes["onset_steps"]
        free = [(onsets >= one.free_start) & (onsets < one.free_end) for one in self.stages]
        composed = ~np.isin(notes["track"], self._standing["track"])
        return int((np.any(free, axis=0) & composed).sum())

    @property
    def bar_steps(self) -> int:
        """Length of a new bar."""
        return self._prompt.bar_steps


def stages_of(form: FormPlan, prompt: Prompt) -> list[Stage]:
    """The stages of a form, in steps of the prompt."""
    stretches = _stretches(form, prompt)
    end = stretches[-1][2]
    stages, copies = [], list[Copy]()
    for i, (shift, start, stop) in enumerate(stretches):
        if shift:
            later = (begin for back, begin, _ in stretches[i + 1 :] if back)
            copies.append(Copy(start, stop, shift, next(later, end)))
        else:
            for begin, cut in pairwise(_cuts(form, prompt, start, stop)):
                goes_on = begin > start
                stages.append(Stage(tuple(copies), begin, cut, cut == end, stop, goes_on))
                copies = []
    if copies:
        stages.append(Stage(tuple(copies), end, end, is_last=True, stretch_end=end))
    return stages


def _cuts(form: FormPlan, prompt: Prompt, start: int, stop: int) -> list[int]:
    """Start and end of a stretch, and between them where its stages end."""
    steps = (form.stage_bars or len(form.returns)) * prompt.bar_steps
    lines = range(prompt.start_steps, stop, steps)
    return [start, *(line for line in lines if line > start), stop]


def _stretches(form: FormPlan, prompt: Prompt) -> list[tuple[int, int, int]]:
    """(shift, start, end) of all that is copied from ``shift`` steps before, or composed: shift 0.

    What is copied is what was composed, never itself a copy that may not be there yet.
    """
    steps, starts = prompt.bar_steps, _bar_starts(form, prompt)
    n_before = len(starts) - len(form.returns)
    found: list[tuple[int, int, int]] = []
    roots, firsts = form.roots(), form.section_starts()
    for i, back in enumerate(form.returns):
        start = starts[n_before + i]
        parts = [(0, start, start + steps)]
        if back is not None:
            kept = start + (kept_steps(steps) if back.is_varied else steps)
            root = (
                roots[i] if not back.is_varied else roots[back.bar] if back.bar >= 0 else back.bar
            )
            shift = start - starts[n_before + root]
            parts = [(shift, start, kept), (0, kept, start + steps)]
        for shift, begin, stop in parts:
            if begin == stop:
                continue
            joins = bool(found) and found[-1][0] == shift and (bool(shift) or i not in firsts)
            found.append((shift, found.pop()[1] if joins else begin, stop))
    return found


def _bar_starts(form: FormPlan, prompt: Prompt) -> list[int]:
    """Where the full bars before the new ones begin, and these."""
    lines, at, starts = prompt.context.bar_lines, prompt.context.pickup_steps, []
    for _ in bars_before(prompt):
        starts.append(at)
        at = lines.bar_end(at)
    return starts + [prompt.start_steps + i * prompt.bar_steps for i in range(len(form.returns))]


def write_stages(
    opened: list[Generator],
    formed: Sequence[Formed],
    again: Again,
    key: Key | None,
    *,
    closes_later: bool,
) -> None:
    """Write all stages of some pieces, side by side.

    A stage is drawn up to `STAGE_DRAWS` times, until what is new in it is new: see `Formed.faults`.

    Parameters
    ----------
    opened : they stand before their first stage; each is replaced by one that has written them.
    formed : how each is written.
    again : continues ``opened[i]``.
    key : given; None: that of each piece's own header.
    closes_later : leave the last stage of each to `close_with_forms`.
    """
    for k in range(max(len(one.stages) for one in formed)):
        now = {
            i: one.stages[k] for i, one in enumerate(formed) if k < len(one.stages) - closes_later
        }
        if now:
            _draw(opened, formed, now, again, key, pauses=closes_later)


def _draw(
    opened: list[Generator],
    formed: Sequence[Formed],
    stages: Mapping[int, Stage],
    again: Again,
    key: Key | None,
    *,
    pauses: bool,
) -> None:
    """Write a stage of some of the pieces, by number; one that ``pauses``, if it is the last, up to
    where its ending begins. Of the drafts with the fewest faults one is chosen.
    """

    def draw(i: int, number: int, warmth: float) -> Generator:
        generator = again(i, number * DRAWS_APART, warmth)
        formed[i].begin(generator, stages[i])
        if pauses and stages[i].is_last:
            generator.set_pause(formed[i].ending(stages[i]))
        return generator

    choices = [one.choice for one in formed]
    best: dict[int, tuple[int, Generator]] = {}
    left, turn = list(stages), 0
    while left:
        for share in shares_at_once(left, choices):
            drafts = {
                i: [draw(i, number, WARMER**turn) for number in choices[i].numbers(turn)]
                for i in share
            }
            run_drafts([draft for some in drafts.values() for draft in some])
            for i, some in drafts.items():
                faults = [formed[i].faults(draft, stages[i], key) for draft in some]
                fewest = min(faults)
                if i not in best or fewest < best[i][0]:
                    good = [one for one, n in zip(some, faults, strict=True) if n == fewest]
                    best[i] = (fewest, formed[i].chosen(good, stages[i], pauses=pauses))
        turn += 1
        left = [i for i in left if best[i][0] and turn < choices[i].turns(STAGE_DRAWS)]
    for i, (_, generator) in best.items():
        opened[i] = generator


def close_with_forms(
    opened: list[Generator], formed: Sequence[Formed], again: Again, key: Key | None
) -> list[Generator]:
    """Write the last stage of some pieces so that they end on the tonic, where they can.

    A piece that ends with a copy is left so if that closes it; otherwise its last bar is composed.

    Parameters
    ----------
    opened : they stand before their last stage.
    formed : how each is written.
    again, key : as of `write_stages`.
    """
    results: dict[int, Generator] = {}
    last = [one.stages[-1] for one in formed]
    copying = [i for i, stage in enumerate(last) if stage.free_start == stage.free_end]
    if copying:
        copied = [again(i, 0, 1.0) for i in copying]
        for i, generator in zip(copying, copied, strict=True):
            formed[i].begin(generator, last[i])
        run_together(copied)
        for i, generator in zip(copying, copied, strict=True):
            if closes(generator, key) is not False:
                results[i] = generator
            else:
                last[i] = last[i].with_free_end(formed[i].bar_steps)
    left = [i for i in range(len(opened)) if i not in results]
    if left:
        _draw(opened, formed, {i: last[i] for i in left}, again, key, pauses=True)
        closed = close_all(
            [opened[i] for i in left],
            lambda k, stream: again(left[k], stream, 1.0),
            key,
            lambda k, ending: formed[left[k]].ends_well(ending),
            lambda k, endings: formed[left[k]].chosen(endings, last[left[k]], pauses=False),
            [formed[i].choice for i in left],
        )
        results |= dict(zip(left, closed, strict=True))
    return [results[i] for i in range(len(opened))]
