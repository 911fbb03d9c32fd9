"""From a plan to music: generators that start where the given music ends, and what they write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.generate.engine import TOKENS_A_BAR, Engine, in_shares, new_generator, run_share
from lstm_music.generate.forms.returns import Formed, write_stages
from lstm_music.generate.forms.wanted import take_form
from lstm_music.generate.given import Given
from lstm_music.generate.loop import Generator
from lstm_music.generate.overlaps import (
    clear_of,
    keyboards_of,
    with_old_pitches,
    without_unisons,
)
from lstm_music.generate.pedals import pedal_from, pedals_down, pedals_lifted
from lstm_music.generate.performing import pedalled, usual_tempo
from lstm_music.generate.planning.parts import voices_for
from lstm_music.generate.planning.plan import Place, Plan
from lstm_music.generate.planning.prompt import Prompt, prompt_for
from lstm_music.generate.planning.ruling import Ruling, allowed_pitches, leans_for, rules_for
from lstm_music.music.bars import onsets_in_bars
from lstm_music.music.distinct import distinct, is_among
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import MAX_TIMING_96THS, TIMING_PER_STEP, Piece
from lstm_music.music.places import begins_in
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.encode import encode_header, given_text
from lstm_music.tokens.vocabulary import DEFAULT, RADIX_STEPS, Vocabulary
from lstm_music.types import BoolArray, IntArray, NoteArray

JUDGED_BARS = 4
USUAL_BAR_STEPS = 4 * STEPS_PER_QUARTER

TOKENS_AN_EVENT = 8
"""Room for so many: a move in time, the track, pitch, duration, velocity and timing."""

_EARLY_STEPS = MAX_TIMING_96THS // TIMING_PER_STEP
"""How much before its place in a score an onset may be played."""


@dataclass(frozen=True)
class Job:
    """All that the drafts of one request share.

    Parameters
    ----------
    engine : what composes.
    plan : what is asked.
    prompt : what the network reads of it.
    ruling : what the result must keep to, and what is wished.
    base : a generator that has read all that is given before the first place.
    prompt_nats : how unlikely the network finds the given music of the `JUDGED_BARS` before the
        first place, a note; NaN without one.
    """

    engine: Engine
    plan: Plan
    prompt: Prompt
    ruling: Ruling
    base: Generator
    prompt_nats: float = float("nan")

    def begin(
        self, sampling: Sampling, rng_seed: int, sequence: int, more_events: int = 0
    ) -> Generator:
        """A generator that stands where the first place begins; room for more events, if asked."""
        capacity = self.base.capacity + TOKENS_AN_EVENT * more_events
        generator = new_generator(
            self.engine,
            capacity,
            sampling,
            rng_seed,
            sequence,
            may_end=self.plan.is_continuation,
        )
        generator.copy_state_from(self.base)
        return generator

    def formed(self, rng_seed: int, sequence: int) -> Formed | None:
        """How the draft of a random stream is written in stages; None: in one go."""
        form = take_form(self.engine, self.ruling, self.plan, self.prompt, rng_seed, sequence)
        return None if form is None else Formed(form, self.plan, self.ruling, self.prompt)

    def compose(
        self, sampling: Sampling, rng_seed: int, sequences: Sequence[int], threads: int | None
    ) -> list[Generator]:
        """One draft for each random stream of ``sequences``."""

        def share(some: Sequence[int]) -> list[Generator]:
            if self.ruling.request.form is not None:
                return self._in_stages(sampling, rng_seed, some)
            return run_share(lambda i: self.begin(sampling, rng_seed, i), some)

        return in_shares(self.engine, share, sequences, threads)

    def _in_stages(self, sampling: Sampling, rng_seed: int, some: Sequence[int]) -> list[Generator]:
        opened = [self.begin(sampling, rng_seed, i) for i in some]
        formed = [one for i in some if (one := self.formed(rng_seed, i)) is not None]
        for generator, one in zip(opened, formed, strict=True):
            if not one.stages[0].copies:
                _wait_for_start(generator, self.prompt)

        def again(i: int, stream: int, warmth: float) -> Generator:
            generator = self.begin(sampling.warmed(warmth), rng_seed, some[i] + stream)
            generator.copy_state_from(opened[i])
            return generator

        write_stages(opened, formed, again, None, closes_later=False)
        return opened


def _wait_for_start(generator: Generator, prompt: Prompt) -> None:
    """Move to where the first place begins, where something must begin then."""
    wait = prompt.start_steps - generator.score.onset_steps
    if wait:
        generator.force(np.array(_time_move(DEFAULT, wait), np.int32))


def job(engine: Engine, plan: Plan, ruling: Ruling) -> Job:
    """Get ready to compose.

    Parameters
    ----------
    engine, plan, ruling : as of `Job`.

    Raises
    ------
    MidiError : the network would hear nothing.
    """
    prompt = prompt_for(engine, plan)
    given = Given(prompt.events(_pitches(ruling, plan, prompt)), prompt.end_steps)
    rules = rules_for(ruling, plan, prompt)
    open_steps = prompt.end_steps - prompt.start_steps
    n_open_bars = -(-open_steps // min(prompt.bar_steps, USUAL_BAR_STEPS))  # a bar of 8/2 is four
    capacity = (
        TOKENS_AN_EVENT * len(given.events) + _longs(given.events) + 64 + n_open_bars * TOKENS_A_BAR
    )
    generator = new_generator(engine, capacity, Sampling(), 0, 0, may_end=plan.is_continuation)
    generator.set_total_bars(prompt.total_bars)
    if engine.hears_ahead:
        generator.set_conditioning(conditioning(prompt, ruling, plan))
    leans = leans_for(ruling, plan, prompt, rules)
    generator.set_task(given, rules, prompt.bar_steps, leans, voices_for(ruling, plan, prompt))
    generator.force(encode_header(prompt.context))
    prompt_nats = _read(generator, prompt)
    if plan.is_continuation and ruling.request.form is None:
        _wait_for_start(generator, prompt)
    return Job(engine, plan, prompt, ruling, generator, prompt_nats)


def _pitches(ruling: Ruling, plan: Plan, prompt: Prompt) -> BoolArray:
    """(tracks, 128): what may be written in each track of the prompt."""
    tracks = prompt.tracks.tolist()
    return np.array([allowed_pitches(ruling, plan.given, track) for track in tracks], bool)


def _read(generator: Generator, prompt: Prompt) -> float:
    """Hear all that is given before the first place; nats a note of the last of it."""
    lines, begin = prompt.context.bar_lines, prompt.start_steps
    for _ in range(JUDGED_BARS):
        begin = lines.bar_start(max(begin - 1, 0))
    generator.advance_given(begin)
    n_before = generator.score.n_notes
    generator.weigh = True
    generator.advance_given(prompt.start_steps)
    generator.weigh = False
    n_notes = generator.score.n_notes - n_before
    return -generator.given_log_prob / n_notes if n_notes else float("nan")


def _longs(events: IntArray) -> int:
    """How many LONG tokens the events take at most."""
    waits = np.diff(events[:, 0], prepend=0) // RADIX_STEPS
    return int(waits.sum() + (np.maximum(events[:, 5], 0) // RADIX_STEPS).sum())


def _time_move(vocabulary: Vocabulary, gap_steps: int) -> list[int]:
    """[LONG*] SHIFT over ``gap_steps`` >= 1."""
    longs, rest = divmod(gap_steps - 1, RADIX_STEPS)
    return [vocabulary["long"][0]] * longs + [vocabulary["shift"][rest]]


def conditioning(
    prompt: Prompt, ruling: Ruling, plan: Plan, standing: NoteArray | None = None
) -> Conditioning | None:
    """What the network is told besides the past; None for a plain continuation.

    A network learns from whole pieces, too, and sees nothing ahead in them, unless notes stand
    there that fill their tracks.
    """
    wishes, onsets, chords = ruling.conditioning(prompt, plan)
    told = [standing, wishes, onsets, chords]
    if plan.is_continuation and all(one is None for one in told):
        return None
    ahead = prompt.given_notes
    places = prompt.places
    if plan.is_continuation:
        ahead = ahead[:0] if standing is None else standing
        filled = distinct(ahead["track"]).tolist()
        places = tuple(Place(t, 0, 1 << 30) for t in range(len(prompt.tracks)) if t not in filled)
    return Conditioning(
        ahead, places, wishes, onsets, chords, given_text(ahead, prompt.context.tracks)
    )


def written(work: Job, generator: Generator) -> tuple[Piece, NoteArray]:
    """The plan's piece with what was written in its places, and these notes alone.

    They are finished (``Engine.finish``): accents, drum kit; slots keep their loudness.
    """
    plan, prompt = work.plan, work.prompt
    given = plan.given
    new = new_notes(prompt, generator)
    notes = prompt.in_plan(new)
    notes = work.ruling.finished(work.engine.finish(model_for(plan), plan.start_steps)(notes))
    keyboards = keyboards_of(given)
    if len(plan.slots):
        order, rest = _slots_in_order(len(notes), prompt)
        slots = plan.slots[order]
        filled = _filled(slots, notes, new)
        notes, _ = with_old_pitches(filled, slots["pitch_midi"], given.notes, keyboards)
        notes = np.concatenate([notes, plan.slots[rest]])
    else:
        notes = without_unisons(clear_of(notes, given.notes, keyboards), keyboards)
        if work.ruling.request.rests:
            notes = without_early_downbeats(given, notes, plan.places)
    changes: dict[str, Any] = {"notes": np.concatenate([given.notes, notes])}
    if plan.is_continuation:
        changes["pedal"] = np.concatenate([given.pedal, _new_pedal(work, generator, notes)])
        changes["length_steps"] = plan.end_steps
        if work.engine.played(given).tempo:
            changes["tempos"] = (*given.tempos, *usual_tempo(given, plan.start_steps))
    piece = given.replace(
        **changes,
        added_places=tuple(dict.fromkeys((*given.added_places, *map(tuple, plan.places)))),
        repairs=(*given.repairs, *prompt.remarks),
    )
    return piece, notes


def without_early_downbeats(
    given: Piece, notes: NoteArray, places: Sequence[tuple[int, int, int]]
) -> NoteArray:
    """New notes without those that a score has on the bar line at the end of their place.

    Such a stroke, a little before the line, is the downbeat of a bar that is not to be written: it
    would stand beside that bar's own, and the next fill of the same place would leave it.

    Parameters
    ----------
    given : the other notes.
    notes : new ones, none of which has the onset, track and pitch of another.
    places : (track, start, end) in steps.
    """
    before = [(track, end - _EARLY_STEPS, end) for track, _, end in places]
    if not begins_in(notes, before).any():
        return notes
    whole = given.replace(notes=np.concatenate([given.notes, notes]))
    belong = whole.notes.copy()
    belong["onset_steps"] = onsets_in_bars(whole)
    after = [(track, end, end + _EARLY_STEPS) for track, _, end in places]
    is_early = begins_in(whole.notes, before) & begins_in(belong, after)
    kept = notes[~is_among(_keys(notes), _keys(whole.notes[is_early]))]
    # Where one goes, a score may have another on the line.
    return kept if len(kept) == len(notes) else without_early_downbeats(given, kept, places)


def model_for(plan: Plan) -> Piece:
    """The music whose accents and drum kit new notes take on: with what gave way to them."""
    return plan.given.replace(notes=np.concatenate([plan.given.notes, plan.replaced]))


def new_notes(prompt: Prompt, generator: Generator) -> NoteArray:
    """What was written, in the steps and tracks of the context."""
    notes = generator.score.notes()
    is_given = is_among(_keys(notes), _keys(prompt.given_notes))
    return notes[begins_in(notes, prompt.places) & ~is_given]


def _keys(notes: NoteArray) -> npt.NDArray[np.int64]:
    """A number for the onset, track and pitch of each note."""
    onset = notes["onset_steps"].astype(np.int64) << 24
    return np.asarray(onset | notes["track"].astype(np.int64) << 8 | notes["pitch_midi"])


def _slots_in_order(
    n_filled: int, prompt: Prompt
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The plan's slots in the order in which the network has read them, and those that it has not.

    Parameters
    ----------
    n_filled : how many of them the network has filled: two of one key at one onset are one to it.
    prompt : with the slots as the network has read them (``replaced``).

    Returns
    -------
    order, rest : numbers of slots; those of ``order`` by onset, track and pitch.
    """
    keys = _keys(prompt.replaced)
    order = np.argsort(keys, kind="stable")
    if len(keys) != n_filled:
        order = np.unique(keys, return_index=True)[1]
    return order, np.setdiff1d(np.arange(len(keys)), order)


def _filled(slots: NoteArray, notes: NoteArray, as_written: NoteArray) -> NoteArray:
    """The slots, in order, with new pitches; their onsets, durations, loudness and timing stay.

    The notes of one onset and track take the slots there in the order of pitch.

    Parameters
    ----------
    slots : (N,) NOTE_DTYPE, in order.
    notes : (N,) finished.
    as_written : the same notes as the network has written them.
    """
    filled = slots.copy()
    filled["pitch_midi"] = notes["pitch_midi"][np.argsort(_keys(as_written), kind="stable")]
    return filled


def _new_pedal(work: Job, generator: Generator, notes: NoteArray) -> NoteArray:
    """The pedal of a continuation; what the seed, or the network, leaves down is lifted."""
    plan, events = work.plan, generator.score.pedal()
    if work.engine.played(plan.given).pedal:
        return pedalled(plan.given, notes, plan.start_steps, plan.end_steps)
    is_new = events["onset_steps"] >= work.prompt.start_steps
    pedal = work.prompt.in_plan(events[is_new])
    if not len(pedal):
        return pedals_lifted(plan.given.pedal, plan.start_steps)
    pedal = np.concatenate([pedal, pedals_lifted(pedal, plan.end_steps)])
    if plan.body_end_steps is None:
        return pedal
    return pedal_from(
        pedals_down(work.prompt.in_plan(events[~is_new])), plan.given, plan.start_steps, pedal
    )
