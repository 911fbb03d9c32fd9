"""Continue a piece by whole bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.errors import MidiError
from lstm_music.generate.engine import (
    TOKENS_A_BAR,
    Engine,
    Finish,
    Notes,
    in_shares,
    new_generator,
    run_share,
)
from lstm_music.generate.loop import Generator
from lstm_music.music.excerpt import excerpt
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import PEDAL_DTYPE, Piece
from lstm_music.music.seam import next_bar_steps
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import MAX_TIME_STEPS, RADIX_STEPS, Vocabulary

CONTEXT_STEPS = MAX_TIME_STEPS
"""How much of a long seed the network hears: its last 64 whole notes, from a bar line on."""

CONTEXT_NOTES = 8192
"""And no more notes than these, which take it half a second."""


@dataclass(frozen=True)
class _Plan:
    """A seed as the network hears it, and where the new music stands in it.

    ``offset`` leads from the context's steps to the seed's; new music fills [start, end).
    ``remarks`` say what the network does not hear, a sentence each.
    """

    context: Piece
    offset: int
    tracks: npt.NDArray[np.uint16]  # context track -> seed track
    start: int
    end: int
    bar_steps: int
    total_bars: int
    remarks: tuple[str, ...]


def continue_piece(
    engine: Engine,
    seed: Piece,
    *,
    bars: int,
    n: int,
    sampling: Sampling,
    rng_seed: int,
    threads: int | None = None,
) -> list[Piece]:
    """``n`` continuations of ``seed``; each holds only the new notes, at their true onsets.

    The new bars begin where `next_bar_steps` says; the last sound ends ``bars`` bars later at
    most, and there the piece's length ends. Tracks, meters and tempos are the seed's; its
    ``repairs`` also say what the network was not told of the seed.

    Raises
    ------
    MidiError : the seed has no notes.
    """
    plan = _plan(engine, seed, bars)
    base = _seeded(engine, plan, bars, sampling, rng_seed)
    finish = engine.finish(seed)

    def begin(sequence: int) -> Generator:
        generator = new_generator(engine, base.capacity, sampling, rng_seed, sequence)
        generator.copy_state_from(base)
        generator.set_end(plan.end, plan.bar_steps)
        return generator

    composed = in_shares(lambda share: run_share(begin, share), range(n), threads)
    return [_new_music(generator, finish, plan, seed) for generator in composed]


def stream_notes(
    engine: Engine, seed: Piece, *, bars: int, sampling: Sampling, rng_seed: int
) -> Iterator[npt.NDArray[np.void]]:
    """The notes of one continuation, each as soon as it is final (NOTE_DTYPE scalars).

    Raises
    ------
    MidiError : the seed has no notes.
    """
    plan = _plan(engine, seed, bars)
    generator = _seeded(engine, plan, bars, sampling, rng_seed)
    finish = engine.finish(seed)
    given, done = len(generator.score.notes()), False
    while not done:
        done = generator.run(plan.end, plan.bar_steps, max_notes=1)
        notes = generator.score.notes()
        # A velocity token may still follow the newest note: hold it back until the next.
        ready = notes[given : len(notes) if done else len(notes) - 1]
        yield from finish(_in_seed(ready, plan))
        given += len(ready)


def _plan(engine: Engine, seed: Piece, bars: int) -> _Plan:
    if not len(seed.notes):
        raise MidiError("the seed has no notes to continue; give one that sounds", path=seed.source)
    lines = seed.bar_lines
    start = next_bar_steps(seed)
    bar_steps = lines.meter_at(start).bar_steps
    offset, remarks = _context_start(seed, start)
    part = excerpt(seed, offset, start)
    if len(part.notes) > CONTEXT_NOTES:
        part = part.replace(notes=part.notes[-CONTEXT_NOTES:])
        remarks = (f"the network hears the last {CONTEXT_NOTES} notes only: its bar has more",)
    told, tracks = engine.told(part, seed)
    if not len(told.notes):
        raise MidiError(
            "no note begins in the seed's last 64 whole notes; cut it shorter", path=seed.source
        )
    context = canonical(told)
    end = start + bars * bar_steps
    return _Plan(
        context=context,
        offset=offset,
        tracks=tracks,
        start=start - offset,
        end=end - offset,
        bar_steps=bar_steps,
        total_bars=context.bar_lines.bar_at(end - offset - 1) + 1,
        remarks=(*_remarks_on_seam(seed, start), *remarks, *engine.unheard(part)),
    )


def _context_start(seed: Piece, start: int) -> tuple[int, tuple[str, ...]]:
    """The bar line from which the network hears a seed, and what to say of what it does not."""
    lines = seed.bar_lines
    onsets = seed.notes["onset_steps"]
    offset = 0 if start <= CONTEXT_STEPS else lines.bar_end(start - CONTEXT_STEPS)
    if len(onsets) - int(np.searchsorted(onsets, offset)) > CONTEXT_NOTES:
        newest = lines.bar_end(int(onsets[-CONTEXT_NOTES - 1]))
        offset = max(offset, min(newest, lines.bar_start(int(onsets[-1]))))
    if not offset:
        return 0, ()
    first = lines.bar_at(offset) + (not seed.pickup_steps)
    return offset, (f"the network hears the seed from bar {first} on, not what is before it",)


def _remarks_on_seam(seed: Piece, start: int) -> tuple[str, ...]:
    """What stands where the new music begins."""
    quarters = (seed.end_steps - start) / STEPS_PER_QUARTER
    if quarters > 0:
        return (f"the seed's last notes ring {quarters:.2g} quarter notes into the new music",)
    if start > seed.bar_lines.bar_end(seed.end_steps - 1):
        return ("the seed ends with a rest: the new music begins after it, at the file's end mark",)
    return ()


def _time_move(vocabulary: Vocabulary, gap_steps: int) -> list[int]:
    """[LONG*] SHIFT over ``gap_steps`` >= 1."""
    longs, rest = divmod(gap_steps - 1, RADIX_STEPS)
    return [vocabulary["long"][0]] * longs + [vocabulary["shift"][rest]]


def _seeded(engine: Engine, plan: _Plan, bars: int, sampling: Sampling, rng_seed: int) -> Generator:
    """A generator that has heard the seed and stands on the bar line after it."""
    heard = encode(plan.context)[:-1]  # without END
    gap = plan.start - int(plan.context.notes["onset_steps"].max())
    tokens = np.concatenate([heard, _time_move(engine.vocabulary, gap)]).astype(np.int32)
    generator = new_generator(
        engine, len(tokens) + bars * TOKENS_A_BAR, sampling, rng_seed, sequence=0
    )
    generator.set_total_bars(plan.total_bars)
    generator.force(tokens)
    return generator


def _new_music(generator: Generator, finish: Finish, plan: _Plan, seed: Piece) -> Piece:
    """What was composed, in the seed's own steps and tracks."""
    notes = generator.score.notes()
    notes = notes[notes["onset_steps"] >= plan.start]
    pedal = generator.score.pedal()
    pedal = _in_seed(pedal[pedal["onset_steps"] >= plan.start], plan)
    if not len(pedal):
        pedal = _pedals_lifted(seed, plan.start + plan.offset)
    return seed.replace(
        notes=finish(_in_seed(notes, plan)),
        pedal=pedal,
        length_steps=plan.end + plan.offset,
        added_places=(*seed.added_places, *_everywhere(seed, plan)),
        repairs=(*seed.repairs, *plan.remarks),
        original=None,
    )


def _everywhere(seed: Piece, plan: _Plan) -> list[tuple[int, int, int]]:
    """The new bars of every track, as `Piece.added_places` has them."""
    start, end = plan.start + plan.offset, plan.end + plan.offset
    return [(track, start, end) for track in range(len(seed.tracks))]


def _pedals_lifted(seed: Piece, onset_steps: int) -> Notes:
    """Lift every pedal that the seed leaves down, so that it does not blur the new music."""
    by_track = seed.pedal[np.argsort(seed.pedal["track"], kind="stable")]
    last = np.append(by_track["track"][1:] != by_track["track"][:-1], True)[: len(by_track)]
    held = [(onset_steps, int(c["track"]), False) for c in by_track[last] if c["down"]]
    return np.array(held, PEDAL_DTYPE)


def _in_seed(events: Notes, plan: _Plan) -> Notes:
    """Notes or pedal moved from the context's steps and tracks to the seed's."""
    moved = events.copy()
    moved["onset_steps"] += plan.offset
    moved["track"] = plan.tracks[moved["track"]]
    return moved
