"""Compose from a header: draft after draft, until one keeps what the header promises."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_music.errors import ConfigError
from lstm_music.generate.endings import DRAWS_APART, ENDING_BARS, check_ending, close_all
from lstm_music.generate.engine import (
    TOKENS_A_BAR,
    Engine,
    in_shares,
    new_generator,
    run_share,
    with_sounding_tracks,
)
from lstm_music.generate.header import write_header
from lstm_music.generate.loop import Generator
from lstm_music.music.drum_keys import in_general_midi
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo
from lstm_music.music.promises import beat_is_obeyed, key_or_mode_is_obeyed, meter_is_obeyed
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.decode import written_piece

DEFAULT_TEMPO_BPM = 120.0

DRAFTS = 8
"""So many at most, unless told otherwise: of fiddle tunes, one in seven needs a second."""

_DRAFTS_APART = DRAWS_APART << 8
"""Between the random streams of two drafts; beyond those of all endings of one."""


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
    drafts: int = DRAFTS,
    threads: int | None = None,
) -> list[Piece]:
    """``n`` pieces of exactly ``bars`` bars; what is not given the network chooses.

    Of at most ``drafts`` drafts of each, the first that is heard in its key (or the church mode
    of its third), on its beats and in its meter; if there is none, the first that breaks least.

    Raises
    ------
    ConfigError : no such style or ending, no draft, or a tempo out of range.
    """
    tempo = Tempo.from_bpm(tempo_bpm)
    check_ending(ending)
    if drafts < 1:
        raise ConfigError(f"drafts must be 1 or more, got {drafts}")

    def begin(sequence: int) -> Generator:
        generator = new_generator(engine, bars * TOKENS_A_BAR, sampling, rng_seed, sequence)
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

    def compose(share: Sequence[int]) -> list[Generator]:
        opened = run_share(begin, share)
        if ending == "free":
            return opened

        def again(i: int, stream: int) -> Generator:
            sequence = share[i] + stream
            generator = new_generator(engine, opened[i].capacity, sampling, rng_seed, sequence)
            generator.copy_state_from(opened[i])
            generator.copy_end_from(opened[i])
            return generator

        return close_all(opened, again, key)

    def draft(sequences: Sequence[int]) -> list[Piece]:
        written = [written_piece(g.score) for g in in_shares(compose, sequences, threads)]
        pieces = [in_general_midi(with_sounding_tracks(piece)[0]) for piece in written]
        return [
            piece.replace(
                tempos=(tempo,),
                key=key or piece.key,
                length_steps=bars * piece.meters[0].bar_steps,
            )
            for piece in pieces
        ]

    best: dict[int, tuple[int, Piece]] = {}
    left = list(range(n))
    for number in range(drafts):
        for i, piece in zip(left, draft([i + number * _DRAFTS_APART for i in left]), strict=True):
            judged = (_broken(piece), piece)
            best[i] = min(best.get(i, judged), judged, key=lambda found: found[0])
        left = [i for i in left if best[i][0]]
        if not left:
            break
    return [best[i][1] for i in range(n)]


def _broken(piece: Piece) -> int:
    """How many promises of its header a piece breaks."""
    promises = (key_or_mode_is_obeyed, beat_is_obeyed, meter_is_obeyed)
    return [promise(piece) for promise in promises].count(False)
