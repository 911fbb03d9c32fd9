"""Continue a piece by whole bars, or compose one from a header."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.met import Met
from lstm_music.errors import ConfigError, MidiError
from lstm_music.generate.dynamics import Accents, even_velocities
from lstm_music.generate.endings import ENDING_BARS, check_ending, close_all
from lstm_music.generate.header import write_header
from lstm_music.generate.loop import MOST_AT_ONCE, Generator, run_together
from lstm_music.generate.sampling import Sampling
from lstm_music.kernels.step import Stepper, StepWeights
from lstm_music.music.excerpt import excerpt
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, on_their_onsets
from lstm_music.music.theory import likely_key
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import written_piece
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import MAX_TIME_STEPS, MAX_TRACKS, RADIX_STEPS, Vocabulary

CONTEXT_STEPS = MAX_TIME_STEPS
"""How much of a long seed the network hears: its last 64 whole notes, from a bar line on."""

DEFAULT_TEMPO_BPM = 120.0

_TOKENS_A_BAR = 1024
_FIXED_KINDS = frozenset({"numerator", "denominator", "tempo"})
_DRUMS = "drums"

_Notes = npt.NDArray[np.void]
_Finish = Callable[[_Notes], _Notes]


@dataclass(frozen=True)
class Engine:
    """What is needed to compose.

    Parameters
    ----------
    weights : packed for single steps.
    vocabulary : what the tokens mean.
    met : what the training music had, as it came, before any variation. No other kind of token
        is sampled, a piece from nothing is scored for no other instruments, and what a seed has
        beyond it (pedal, dynamics, timing, tempo changes) is kept from the network, which it would
        throw.
    """

    weights: StepWeights
    vocabulary: Vocabulary
    met: Met

    def heard(self, piece: Piece) -> Piece:
        """The piece without what the network has never met."""
        if "pedal_down" not in self.met.kinds:
            piece = piece.replace(pedal=piece.pedal[:0])
        if "tempo" not in self.met.kinds:
            piece = piece.replace(tempos=piece.tempos[:1])
        if "timing" not in self.met.kinds:
            piece = piece.replace(notes=on_their_onsets(piece.notes))
        return piece if self.met.dynamics else even_velocities(piece)

    def style_of(self, seed: Piece) -> str:
        """What the network is told of a seed's style: its own, or what it can only be."""
        if len(self.met.styles) == 1:
            return self.met.styles[0]
        only_drums = all(track.is_drum for track in seed.tracks)
        return seed.style or (_DRUMS if only_drums else "")

    def finish(self, seed: Piece) -> _Finish:
        """What gives new notes that which the network cannot: the seed's accents."""
        return (lambda notes: notes) if self.met.dynamics else Accents(seed).given_to


@dataclass(frozen=True)
class _Plan:
    """A seed as the network hears it, and where the new music stands in it.

    ``offset`` leads from the context's steps to the seed's; new music fills [start, end).
    """

    context: Piece
    offset: int
    tracks: npt.NDArray[np.uint16]  # context track -> seed track
    start: int
    end: int
    bar_steps: int
    total_bars: int


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

    The first onset stands on the bar line after the seed's last sound; the last sound ends
    ``bars`` bars later at most. Tracks, meters and tempos are the seed's.

    Raises
    ------
    MidiError : the seed has no notes.
    """
    plan = _plan(engine, seed, bars)
    base = _seeded(engine, plan, bars, sampling, rng_seed)
    finish = engine.finish(seed)

    def begin(sequence: int) -> Generator:
        generator = _generator(engine, base.capacity, sampling, rng_seed, sequence)
        generator.copy_state_from(base)
        generator.set_end(plan.end, plan.bar_steps)
        return generator

    composed = _shared(lambda share: _composed(begin, share), n, threads)
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


def compose_from_nothing(
    engine: Engine,
    *,
    bars: int,
    n: int,
    sampling: Sampling,
    rng_seed: int,
    meter: Meter | None = None,
    key: Key | None = None,
    tempo_bpm: float = DEFAULT_TEMPO_BPM,
    style: str | None = None,
    ending: str = "tonic",
    threads: int | None = None,
) -> list[Piece]:
    """``n`` pieces of exactly ``bars`` bars; what is not given the network chooses.

    Raises
    ------
    ConfigError : no such style or ending, or a tempo out of range.
    """
    tempo = Tempo.from_bpm(tempo_bpm)
    check_ending(ending)

    def begin(sequence: int) -> Generator:
        generator = _generator(engine, bars * _TOKENS_A_BAR, sampling, rng_seed, sequence)
        generator.set_total_bars(bars)
        bar_steps = write_header(
            generator,
            engine.vocabulary,
            meter=meter,
            key=key,
            tempo_bpm=tempo_bpm,
            style=style,
            programs=engine.met.programs,
            styles=engine.met.styles,
        )
        generator.set_end(bars * bar_steps, bar_steps)
        if ending == "tonic":
            generator.set_pause((bars - ENDING_BARS) * bar_steps)
        return generator

    def compose(share: range) -> list[Generator]:
        opened = _composed(begin, share)
        if ending == "free":
            return opened

        def again(i: int, stream: int) -> Generator:
            sequence = share[i] + stream
            generator = _generator(engine, opened[i].capacity, sampling, rng_seed, sequence)
            generator.copy_state_from(opened[i])
            generator.copy_end_from(opened[i])
            return generator

        return close_all(opened, again, key)

    pieces = [
        _with_sounding_tracks(written_piece(generator.score))[0]
        for generator in _shared(compose, n, threads)
    ]
    return [piece.replace(tempos=(tempo,), key=key or piece.key) for piece in pieces]


def _plan(engine: Engine, seed: Piece, bars: int) -> _Plan:
    if not len(seed.notes):
        raise MidiError("the seed has no notes to continue; give one that sounds", path=seed.source)
    lines = seed.bar_lines
    start = lines.bar_end(seed.end_steps - 1)
    bar_steps = lines.meter_at(start).bar_steps
    offset = 0 if start <= CONTEXT_STEPS else lines.bar_end(start - CONTEXT_STEPS)
    heard, tracks = _with_sounding_tracks(engine.heard(excerpt(seed, offset)))
    if not len(heard.notes):
        raise MidiError(
            "no note begins in the seed's last 64 whole notes; cut it shorter", path=seed.source
        )
    context = canonical(
        heard.replace(
            key=likely_key(seed),
            style=engine.style_of(seed),
        )
    )
    end = start + bars * bar_steps
    return _Plan(
        context=context,
        offset=offset,
        tracks=tracks,
        start=start - offset,
        end=end - offset,
        bar_steps=bar_steps,
        total_bars=context.bar_lines.bar_at(end - offset - 1) + 1,
    )


def _with_sounding_tracks(piece: Piece) -> tuple[Piece, npt.NDArray[np.uint16]]:
    """The piece with the tracks that tokens can carry, and which of its tracks they were."""
    counts = np.bincount(piece.notes["track"], minlength=len(piece.tracks))
    busiest = np.argsort(-counts, kind="stable")[:MAX_TRACKS]
    kept = np.sort(busiest[counts[busiest] > 0])
    number = np.zeros(len(counts), np.uint16)
    number[kept] = np.arange(len(kept))
    notes = piece.notes[np.isin(piece.notes["track"], kept)]
    notes["track"] = number[notes["track"]]
    pedal = piece.pedal[np.isin(piece.pedal["track"], kept)]
    pedal["track"] = number[pedal["track"]]
    tracks = tuple(piece.tracks[i] for i in kept)
    return piece.replace(notes=notes, pedal=pedal, tracks=tracks), kept.astype(np.uint16)


def _time_move(vocabulary: Vocabulary, gap_steps: int) -> list[int]:
    """[LONG*] SHIFT over ``gap_steps`` >= 1."""
    longs, rest = divmod(gap_steps - 1, RADIX_STEPS)
    return [vocabulary["long"][0]] * longs + [vocabulary["shift"][rest]]


def _seeded(engine: Engine, plan: _Plan, bars: int, sampling: Sampling, rng_seed: int) -> Generator:
    """A generator that has heard the seed and stands on the bar line after it."""
    heard = encode(plan.context)[:-1]  # without END
    gap = plan.start - int(plan.context.notes["onset_steps"].max())
    tokens = np.concatenate([heard, _time_move(engine.vocabulary, gap)]).astype(np.int32)
    generator = _generator(
        engine, len(tokens) + bars * _TOKENS_A_BAR, sampling, rng_seed, sequence=0
    )
    generator.set_total_bars(plan.total_bars)
    generator.force(tokens)
    return generator


def _generator(
    engine: Engine, capacity: int, sampling: Sampling, rng_seed: int, sequence: int
) -> Generator:
    return Generator(
        Automaton(capacity),
        Stepper(engine.weights),
        _forbidden(engine),
        sampling,
        rng_seed,
        sequence,
        capacity,
    )


def _forbidden(engine: Engine) -> npt.NDArray[np.uint8]:
    """Meter and tempo stay as they are, the seed's or the header's; the rest must be known."""
    mask = np.zeros(engine.vocabulary.n_tokens, np.uint8)
    for kind, _ in engine.vocabulary.ranges:
        if kind in _FIXED_KINDS or kind not in engine.met.kinds:
            tokens = engine.vocabulary[kind]
            mask[tokens.start : tokens.stop] = 1
    return mask


def _new_music(generator: Generator, finish: _Finish, plan: _Plan, seed: Piece) -> Piece:
    """What was composed, in the seed's own steps and tracks."""
    notes = generator.score.notes()
    notes = notes[notes["onset_steps"] >= plan.start]
    pedal = generator.score.pedal()
    pedal = _in_seed(pedal[pedal["onset_steps"] >= plan.start], plan)
    if not len(pedal):
        pedal = _pedals_lifted(seed, plan.start + plan.offset)
    return seed.replace(notes=finish(_in_seed(notes, plan)), pedal=pedal)


def _pedals_lifted(seed: Piece, onset_steps: int) -> _Notes:
    """Lift every pedal that the seed leaves down, so that it does not blur the new music."""
    last = {int(change["track"]): bool(change["down"]) for change in seed.pedal}
    held = [(onset_steps, track, False) for track, down in sorted(last.items()) if down]
    return np.array(held, PEDAL_DTYPE)


def _in_seed(events: _Notes, plan: _Plan) -> _Notes:
    """Notes or pedal moved from the context's steps and tracks to the seed's."""
    moved = events.copy()
    moved["onset_steps"] += plan.offset
    moved["track"] = plan.tracks[moved["track"]]
    return moved


def _composed(begin: Callable[[int], Generator], share: range) -> list[Generator]:
    """``begin(i)`` for each i of ``share``, run together: they read the weights once for all."""
    generators = [begin(i) for i in share]
    run_together(generators)
    return generators


def _shared(
    compose: Callable[[range], list[Generator]], n: int, threads: int | None
) -> list[Generator]:
    """``compose(0..n-1)``, a share of it a thread; the loop holds no GIL."""
    if threads is not None and threads < 1:
        raise ConfigError(f"threads must be 1 or more, got {threads}")
    crew = min(n, threads or os.cpu_count() or 1)
    groups = max(crew, -(-n // MOST_AT_ONCE))

    shares = [range(n * i // groups, n * (i + 1) // groups) for i in range(groups)]
    with ThreadPoolExecutor(crew) as pool:
        return [generator for share in pool.map(compose, shares) for generator in share]
