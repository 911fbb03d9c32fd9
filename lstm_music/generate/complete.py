"""A request becomes takes: plan, drafts, judgement, rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from lstm_music.backends.workspace import in_threads
from lstm_music.generate.asking.impossible import check_possible
from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.generate.compose import Job, job, written
from lstm_music.generate.engine import Engine
from lstm_music.generate.forms.plan import planned_form
from lstm_music.generate.forms.wanted import with_settled_form
from lstm_music.generate.joins import join_log_probs, joined_notes
from lstm_music.generate.loop import Generator
from lstm_music.generate.planning.character import (
    Character,
    character_of,
    character_of_new,
    grid_of,
)
from lstm_music.generate.planning.from_request import new_programs, plan_for
from lstm_music.generate.planning.plan import (
    Plan,
)
from lstm_music.generate.planning.ruling import ruling_for
from lstm_music.generate.populations import DRAFTS_APART, by_beam, by_join, by_particles
from lstm_music.generate.reporting.report import make_report
from lstm_music.generate.takes import (
    Take,
    TakeDone,
    drawn_takes,
    likeness,
    nats_a_note,
    ranked,
)
from lstm_music.music.distinct import distinct
from lstm_music.music.excerpt import excerpt
from lstm_music.music.form import bars_of, goes_in_circles
from lstm_music.music.piece import Piece
from lstm_music.music.places import begins_in
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.vocabulary import DRUM_PROGRAM
from lstm_music.types import NoteArray

DRAFTS = 4
"""So many at most where something given decides whether a draft is any good."""

MOST_ALIKE = 0.8
"""A take that shares more of its notes with an earlier result is the earlier result."""

_WARMER = 1.15
"""What the temperature is multiplied by for each further draft."""
_LONGEST_REST_BARS = 2
"""A new track that is silent for longer than this accompanies nothing."""

FEW_WORDS = (
    "this network has not learnt to hear what lies ahead: many drafts are compared by how likely "
    "they make it (a particle filter); a newer model does better"
)


class Drawn(NamedTuple):
    """A draft.

    Parameters
    ----------
    generator : that has written it.
    join_log_prob : of `join_log_probs`, where it was chosen by it; None: not yet known.
    """

    generator: Generator
    join_log_prob: float | None = None


@dataclass(frozen=True)
class Judge:
    """Whether a draft is a result.

    Parameters
    ----------
    plan : what was asked.
    others : earlier results, which it must differ from.
    copied_notes : the longest run of new notes that the training music has; None: not asked.
    max_copy : the longest that may be.
    """

    plan: Plan
    others: tuple[Piece, ...] = ()
    copied_notes: Callable[[Piece], int] | None = None
    max_copy: int | None = None

    def faults(self, piece: Piece, new: NoteArray) -> int:
        """How much is wrong with a piece of which some notes are new; 0 for a result."""
        sounding = set(distinct(new["track"]).tolist())
        silent = sum(track not in sounding for track in self.plan.open_tracks if self._wants(track))
        same = [
            likeness(new, other.notes[begins_in(other.notes, self.plan.places)]) > MOST_ALIKE
            for other in self.others
        ]
        copies = (
            self.copied_notes is not None
            and self.max_copy is not None
            and self.copied_notes(piece) > self.max_copy
        )
        return silent + self.circles(piece) + 10 * sum(same) + 100 * copies

    def circles(self, piece: Piece) -> bool:
        """Whether new bars go in circles (`goes_in_circles`) where the seed's last ones do not."""
        if not self.plan.is_continuation or self.plan.form is not None:
            return False
        lines, start = piece.bar_lines, self.plan.start_steps
        n_new = n_old = 0
        at = begin = start
        while at < self.plan.end_steps:
            at, n_new = lines.bar_end(at), n_new + 1
        while n_old < n_new and begin > piece.pickup_steps:
            begin, n_old = lines.bar_start(begin - 1), n_old + 1
        some = bars_of(excerpt(piece, begin, self.plan.end_steps), n_old + n_new)
        bars = [bar.notes or i for i, bar in enumerate(some)]
        return goes_in_circles(bars[n_old:]) and not goes_in_circles(bars[:n_old])

    def _wants(self, track: int) -> bool:
        """Whether a track must have new notes: it is new, or had some where they are written."""
        if track >= len(self.plan.given.tracks) - self.plan.n_new_tracks:
            return True
        return bool((self.plan.replaced["track"] == track).any())


def get_ready(engine: Engine, request: Request, seed: Piece, rng_seed: int) -> Job:
    """The job of a request with a seed, known to be possible.

    Raises
    ------
    ConfigError, MidiError : it is not.
    """
    request = with_settled_form(request)
    plan = plan_for(request, seed, rng_seed)
    if sections := request.sections():
        plan = replace(plan, form=planned_form(sections))
    rest = -1
    if request.task == "accompany":
        rest = _LONGEST_REST_BARS * plan.given.bar_lines.meter_at(plan.start_steps).bar_steps
    style = engine.style_of(plan.given)
    ruling = ruling_for(request, plan, rest, characters(request, plan), style)
    check_possible(ruling, plan)
    return job(engine, plan, ruling)


def characters(request: Request, plan: Plan) -> dict[int, Character]:
    """The character of each open track, where it is to be kept."""
    if not request.in_character or request.task not in CONTROLS["in_character"].tasks:
        return {}
    whole = plan.given.replace(notes=np.concatenate([plan.given.notes, plan.replaced]))
    n_old = len(whole.tracks) - plan.n_new_tracks
    until = plan.read_until_steps if plan.is_continuation else None
    grid = grid_of(whole)
    found = {
        track: character_of(whole, track, until)
        if track < n_old
        else character_of_new(whole.tracks[track], grid)
        for track in plan.open_tracks
    }
    return {track: one for track, one in found.items() if one is not None}


def complete_seed(
    engine: Engine,
    request: Request,
    seed: Piece,
    rng_seed: int,
    advice: Sampling,
    *,
    others: Sequence[Piece] = (),
    copied_notes: Callable[[Piece], int] | None = None,
    on_take: TakeDone | None = None,
) -> list[Take]:
    """The takes of a request with a seed.

    Parameters
    ----------
    engine : what composes.
    request : its seed is ``seed``, read.
    rng_seed : decides all chance.
    advice : how the model is best sampled.
    others : earlier results.
    copied_notes : see `Judge`.
    on_take : called with each take as soon as it is written, in the order drawn.

    Raises
    ------
    ConfigError, MidiError : the request cannot be met.
    """
    if not engine.coverage.mixed and request.task == "accompany" and request.with_ is not None:
        kinds = _kinds(new_programs(request.with_))
        if len(kinds) == 2:
            return _in_two_goes(
                engine, request, kinds, seed, rng_seed, advice, others, on_take or (lambda _: None)
            )
    work = get_ready(engine, request, seed, rng_seed)
    judge = Judge(work.plan, tuple(others), copied_notes, request.max_copy)
    sampling = request.sampling(advice)
    most = request.drafts or (1 if _is_plain(work, judge) else DRAFTS)

    def draw(streams: Sequence[int]) -> list[Take]:
        best = _best_drafts(work, request, judge, sampling, rng_seed, streams, most)
        return [
            _take(
                work,
                request,
                rng_seed,
                draft,
                piece,
                new,
                stream,
                remarks=_remarks(engine, work, judge, faults, piece),
            )
            for faults, draft, piece, new, stream in best
        ]

    return ranked(drawn_takes(draw, request.n, on_take), request.rank)


def _best_drafts(
    work: Job,
    request: Request,
    judge: Judge,
    sampling: Sampling,
    rng_seed: int,
    streams: Sequence[int],
    most: int,
) -> list[tuple[int, Drawn, Piece, NoteArray, int]]:
    """Of each random stream the first of ``most`` drafts with the fewest faults, and these."""
    best: dict[int, tuple[int, Drawn, Piece, NoteArray, int]] = {}
    left = list(streams)
    for number in range(most):
        warm = sampling.but(temperature=min(sampling.temperature * _WARMER**number, 100.0))
        numbered = [i + number * DRAFTS_APART for i in left]
        drawn = _draw(work, request, warm, rng_seed, numbered)
        for i, stream, draft in zip(left, numbered, drawn, strict=True):
            piece, new = written(work, draft.generator)
            faults = judge.faults(piece, new)
            if i not in best or faults < best[i][0]:
                best[i] = (faults, draft, piece, new, stream)
        left = [i for i in left if best[i][0]]
        if not left:
            break
    return [best[i] for i in streams]


def _kinds(programs: Sequence[tuple[int, str]]) -> list[list[int]]:
    """The pitched programs and the drums among them, without empty lists."""
    pitched = [program for program, _ in programs if program != DRUM_PROGRAM]
    drums = [program for program, _ in programs if program == DRUM_PROGRAM]
    return [kind for kind in (pitched, drums) if kind]


def _in_two_goes(
    engine: Engine,
    request: Request,
    kinds: list[list[int]],
    seed: Piece,
    rng_seed: int,
    advice: Sampling,
    others: Sequence[Piece],
    on_take: TakeDone,
) -> list[Take]:
    """Pitched tracks, then drums to them, for a network that has never met both in one piece."""
    first, second = copy(request), copy(request)
    object.__setattr__(first, "with_", kinds[0])
    object.__setattr__(second, "with_", kinds[1])
    object.__setattr__(second, "n", 1)
    takes = []
    for i, take in enumerate(complete_seed(engine, first, seed, rng_seed, advice, others=others)):
        (more,) = complete_seed(engine, second, take.piece, rng_seed + i, advice)
        piece = more.piece.replace(
            added_places=(*take.piece.added_places, *more.piece.added_places),
            repairs=tuple(dict.fromkeys(more.piece.repairs)),
        )
        takes.append(
            replace(
                take,
                piece=piece,
                report=_merged(take.report, more.report),
                new=np.concatenate([take.new, more.new]),
            )
        )
        on_take(takes[-1])
    return takes


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two reports as one: what came out by track beside each other, kept if both are."""
    merged = {}
    for name, row in one.items():
        more = other[name]
        came_out = row["came_out"]
        if isinstance(came_out, dict) and isinstance(more["came_out"], dict):
            came_out = came_out | more["came_out"]
        kept = [x for x in (row["kept"], more["kept"]) if x is not None]
        merged[name] = row | {"came_out": came_out, "kept": all(kept) if kept else None}
    return merged


def _is_plain(work: Job, judge: Judge) -> bool:
    """Whether any draft of it is a result: as of a continuation."""
    nothing_asked = not judge.others and judge.max_copy is None
    return work.plan.is_continuation and nothing_asked


def _draw(
    work: Job, request: Request, sampling: Sampling, rng_seed: int, sequences: Sequence[int]
) -> list[Drawn]:
    if request.beam > 1:
        each = lambda i: by_beam(work, sampling, rng_seed, i, request.beam)  # noqa: E731
    elif not work.engine.hears_ahead and not work.plan.is_continuation:
        each = lambda i: by_particles(work, sampling, rng_seed, i)  # noqa: E731
    elif joined_notes(work):
        return [
            Drawn(*one) for one in by_join(work, sampling, rng_seed, sequences, request.threads)
        ]
    else:
        return [Drawn(one) for one in work.compose(sampling, rng_seed, sequences, request.threads)]
    return [Drawn(one) for one in in_threads(each, sequences, request.threads)]


def _remarks(engine: Engine, work: Job, judge: Judge, faults: int, piece: Piece) -> tuple[str, ...]:
    circles = judge.circles(piece)
    found = [*engine.strangeness(work.prompt.context.style, work.prompt_nats)]
    if not engine.hears_ahead and not work.plan.is_continuation:
        found.append(FEW_WORDS)
    if faults >= 100:
        found.append("every draft has a longer run of notes from the training music than max_copy")
    elif faults >= 10:
        found.append("every draft is much like an earlier result; try a higher temperature")
    elif faults - circles:
        found.append("a track stayed silent in every draft; try another style or model")
    if circles:
        found.append("the new bars go in circles; try more drafts, or another rng seed")
    return tuple(found)


def _take(
    work: Job,
    request: Request,
    rng_seed: int,
    draft: Drawn,
    piece: Piece,
    new: NoteArray,
    stream: int,
    *,
    remarks: tuple[str, ...],
) -> Take:
    if remarks:
        piece = piece.replace(repairs=(*piece.repairs, *remarks))
    generator = draft.generator
    likely, plan = nats_a_note(work, generator), work.plan
    if (formed := work.formed(rng_seed, stream)) is not None:
        plan, n_notes = replace(plan, form=formed.form), formed.free_notes(generator.score.notes())
        likely = -generator.log_prob / n_notes if n_notes else float("nan")
    n_joined = joined_notes(work)
    joined = float("nan")
    if n_joined:
        known = draft.join_log_prob
        joined = -(join_log_probs(work, [generator])[0] if known is None else known)
        joined = float(joined) / n_joined
    report = make_report(request, work.ruling, plan, piece, new)
    return Take(piece, rng_seed, report, new, likely, joined)
