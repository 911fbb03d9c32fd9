"""A request becomes takes: plan, drafts, judgement, rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from lstm_music.errors import ConfigError
from lstm_music.generate.compose import Job, job, written
from lstm_music.generate.controls import bar_pair
from lstm_music.generate.engine import Engine
from lstm_music.generate.impossible import check_possible
from lstm_music.generate.loop import Generator
from lstm_music.generate.plan import (
    Plan,
    accompaniment,
    continuation,
    infilling,
    n_bars,
    variation,
)
from lstm_music.generate.populations import by_beam, by_join, by_particles
from lstm_music.generate.report import make_report
from lstm_music.generate.request import Request
from lstm_music.generate.ruling import ruling_for
from lstm_music.generate.takes import (
    Take,
    join_log_probs,
    joined_notes,
    likeness,
    nats_a_note,
    ranked,
)
from lstm_music.music.instrument_names import programs_named
from lstm_music.music.instruments import instrument_name
from lstm_music.music.listening.roles import track_roles
from lstm_music.music.piece import Piece, Track
from lstm_music.music.places import begins_in
from lstm_music.nn.sampling import Sampling
from lstm_music.types import NoteArray

DRAFTS = 4
"""So many at most where something given decides whether a draft is any good."""

MOST_ALIKE = 0.8
"""A take that shares more of its notes with an earlier result is the earlier result."""

_DRAFTS_APART = 1 << 10
"""Between the random streams of two drafts: more than there are takes of a request."""
_WARMER = 1.15
"""What the temperature is multiplied by for each further draft."""
_LONGEST_REST_BARS = 2
"""A new track that is silent for longer than this accompanies nothing."""

FEW_WORDS = (
    "this network has not learnt to hear what lies ahead: many drafts are compared by how likely "
    "they make it (a particle filter); a newer model does better"
)


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
        sounding = set(np.unique(new["track"]).tolist())
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
        return silent + 10 * sum(same) + 100 * copies

    def _wants(self, track: int) -> bool:
        """Whether a track must have new notes: it is new, or had some where they are written."""
        if track >= len(self.plan.given.tracks) - self.plan.n_new_tracks:
            return True
        return bool((self.plan.replaced["track"] == track).any())


def plan_for(request: Request, seed: Piece, rng_seed: int) -> Plan:
    """The plan of a request with a seed.

    Raises
    ------
    ConfigError, MidiError : there are no such bars, tracks or instruments, or no notes.
    """
    if request.task == "generate":
        return continuation(seed, request.bar_count(), request.from_bar)
    whole = (0 if seed.pickup_steps else 1, max(n_bars(seed), 1))
    bars = whole if request.bars is None else bar_pair(request.bars)
    n_tracks = len(seed.tracks)
    if request.task == "infill" and request.tracks is not None:
        seed = with_empty_tracks(seed, request.tracks)
    tracks = None if request.tracks is None else named_tracks(seed, request.tracks)
    if request.task == "infill":
        if request.bars is None and tracks is None:
            raise ConfigError("infill needs bars, such as 5-8, or tracks")
        n_empty = len(seed.tracks) - n_tracks
        return replace(infilling(seed, bars, tracks), n_new_tracks=n_empty)
    if request.task == "vary":
        if request.keep is None:
            raise ConfigError("vary needs keep: rhythm, pitch or outline")
        return variation(seed, request.keep, request.amount, bars, tracks, rng_seed)
    if request.with_ is None:
        raise ConfigError("accompany needs with: instruments such as drums,bass")
    return accompaniment(seed, new_programs(request.with_), bars)


def with_empty_tracks(seed: Piece, tracks: object) -> Piece:
    """The seed with those tracks of its file that have a name and no notes, if they are named."""
    if seed.original is None or not isinstance(tracks, str | Sequence):
        return seed
    from lstm_music.midi.writing.original_file import OriginalFile

    words = tracks.split(",") if isinstance(tracks, str) else tracks
    named = {str(word).strip().lower() for word in words}
    known = {track.name.strip().lower() for track in seed.tracks}
    new = [
        Track(0 if one.is_drum else one.program, one.is_drum, one.name)
        for one in OriginalFile(seed.original).empty_tracks
        if one.name.strip().lower() in named - known
    ]
    return seed.replace(tracks=(*seed.tracks, *new)) if new else seed


def named_tracks(seed: Piece, tracks: object) -> tuple[int, ...]:
    """Indices from 0 of tracks by number from 1, name, or role.

    Parameters
    ----------
    tracks : ``"1,3"``, ``"bass"``, ``2``, or a sequence of such.

    Raises
    ------
    ConfigError : no such track; the message says which there are.
    """
    words = tracks.split(",") if isinstance(tracks, str) else tracks
    if isinstance(words, int) and not isinstance(words, bool):
        words = [words]
    if not isinstance(words, Sequence):
        raise ConfigError(f"tracks must look like 1,3 or names, got {tracks!r}")
    found: list[int] = []
    for word in words:
        found += _track_of(seed, word)
    return tuple(dict.fromkeys(found))


def _track_of(seed: Piece, word: object) -> list[int]:
    text = str(word).strip().lower()
    if text.isdecimal() and 1 <= int(text) <= len(seed.tracks):
        return [int(text) - 1]
    by_name = [i for i, track in enumerate(seed.tracks) if track.name.strip().lower() == text]
    by_role = [i for i, role in enumerate(track_roles(seed)) if role == text]
    if text and not text.isdecimal() and (by_name or by_role):
        return by_name or by_role
    there_is = ", ".join(
        f"{i} {track.name or instrument_name(track.program, track.is_drum)}"
        for i, track in enumerate(seed.tracks, 1)
    )
    raise ConfigError(f"there is no track {word!r}; there is {there_is or 'none'}")


def new_programs(with_: object) -> list[tuple[int, str]]:
    """Program, 128 for drums, and name of each instrument that is asked for.

    Raises
    ------
    ConfigError : no such instrument.
    """
    text = with_ if isinstance(with_, str) else ",".join(map(str, _sequence(with_)))
    return [
        (named.programs[0], instrument_name(named.programs[0] % 128, named.programs[0] == 128))
        for named in programs_named(text)
    ]


def _sequence(with_: object) -> Sequence[object]:
    if isinstance(with_, int):
        return [with_]
    if not isinstance(with_, Sequence):
        raise ConfigError(f"with must name instruments, such as drums,bass; got {with_!r}")
    return with_


def get_ready(engine: Engine, request: Request, seed: Piece, rng_seed: int) -> Job:
    """The job of a request with a seed, known to be possible.

    Raises
    ------
    ConfigError, MidiError : it is not.
    """
    plan = plan_for(request, seed, rng_seed)
    rest = -1
    if request.task == "accompany":
        rest = _LONGEST_REST_BARS * plan.given.bar_lines.meter_at(plan.start_steps).bar_steps
    ruling = ruling_for(request, plan, rest)
    check_possible(ruling, plan)
    return job(engine, plan, ruling)


def complete_seed(
    engine: Engine,
    request: Request,
    seed: Piece,
    rng_seed: int,
    advice: Sampling,
    *,
    others: Sequence[Piece] = (),
    copied_notes: Callable[[Piece], int] | None = None,
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

    Raises
    ------
    ConfigError, MidiError : the request cannot be met.
    """
    work = get_ready(engine, request, seed, rng_seed)
    judge = Judge(work.plan, tuple(others), copied_notes, request.max_copy)
    sampling = request.sampling(advice)
    most = request.drafts or (1 if _is_plain(work, judge) else DRAFTS)
    best: dict[int, tuple[int, Generator, Piece, NoteArray]] = {}
    left = list(range(request.n))
    for number in range(most):
        warm = sampling.but(temperature=min(sampling.temperature * _WARMER**number, 100.0))
        drawn = _draw(work, request, warm, rng_seed, [i + number * _DRAFTS_APART for i in left])
        for i, generator in zip(left, drawn, strict=True):
            piece, new = written(work, generator)
            faults = judge.faults(piece, new)
            if i not in best or faults < best[i][0]:
                best[i] = (faults, generator, piece, new)
        left = [i for i in left if best[i][0]]
        if not left:
            break
    takes = [
        _take(work, request, rng_seed, *best[i][1:], remarks=_remarks(engine, work, best[i][0]))
        for i in range(request.n)
    ]
    return ranked(takes, request.rank)


def _is_plain(work: Job, judge: Judge) -> bool:
    """Whether any draft of it is a result: as of a continuation."""
    nothing_asked = not judge.others and judge.max_copy is None
    return work.plan.is_continuation and nothing_asked


def _draw(
    work: Job, request: Request, sampling: Sampling, rng_seed: int, sequences: Sequence[int]
) -> list[Generator]:
    if request.beam > 1:
        each = lambda i: by_beam(work, sampling, rng_seed, i, request.beam)  # noqa: E731
    elif not work.engine.hears_ahead and not work.plan.is_continuation:
        each = lambda i: by_particles(work, sampling, rng_seed, i)  # noqa: E731
    elif joined_notes(work):
        each = lambda i: by_join(work, sampling, rng_seed, i)  # noqa: E731
    else:
        return work.compose(sampling, rng_seed, sequences, request.threads)
    with ThreadPoolExecutor(request.threads) as pool:
        return list(pool.map(each, sequences))


def _remarks(engine: Engine, work: Job, faults: int) -> tuple[str, ...]:
    found = [*engine.strangeness(work.heard.context.style, work.nats_heard)]
    if not engine.hears_ahead and not work.plan.is_continuation:
        found.append(FEW_WORDS)
    if faults >= 100:
        found.append("every draft has a longer run of notes from the training music than max_copy")
    elif faults >= 10:
        found.append("every draft is much like an earlier result; try a higher temperature")
    elif faults:
        found.append("a track stayed silent in every draft; try another style or model")
    return tuple(found)


def _take(
    work: Job,
    request: Request,
    rng_seed: int,
    generator: Generator,
    piece: Piece,
    new: NoteArray,
    *,
    remarks: tuple[str, ...],
) -> Take:
    if remarks:
        piece = piece.replace(repairs=(*piece.repairs, *remarks))
    likely = nats_a_note(work, generator)
    n_joined = joined_notes(work)
    joined = float("nan")
    if n_joined:
        joined = -float(join_log_probs(work, [generator])[0]) / n_joined
    report = make_report(request, work.ruling, work.plan, piece, new)
    return Take(piece, rng_seed, report, new, likely, joined)


def with_remark(take: Take, *remarks: str) -> Take:
    """The take with more to say of it."""
    return replace(take, piece=take.piece.replace(repairs=(*take.piece.repairs, *remarks)))
