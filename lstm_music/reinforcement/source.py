"""Where a run's pieces come from: headers of the untouched model, and all else of the policy."""

from __future__ import annotations

from functools import partial

from lstm_music.composer import Composer
from lstm_music.generate.drafting import DEFAULT_TEMPO_BPM
from lstm_music.generate.engine import forbidden_tokens, new_generator
from lstm_music.generate.planning.header import drawn_ensemble, write_header
from lstm_music.kernels.step import StepWeights
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.nn.model import LanguageModel
from lstm_music.reinforcement.config import TuneConfig
from lstm_music.reinforcement.episodes import Episode, draw_episodes
from lstm_music.types import IntArray

_HEADER_TOKENS = 64


class Source:
    """Draws pieces.

    The headers (style, meter, key, instruments) are drawn by the model that the run began with, and
    are no choices of the policy: else it would learn to ask for the keys that are easy.

    Parameters
    ----------
    composer : the model that the run begins with.
    config : settings of the run.
    """

    def __init__(self, composer: Composer, config: TuneConfig) -> None:
        self._engine, self._sampling = composer.engine, composer.sampling
        self._config = config
        self._key = None if config.key is None else Key.parse(config.key)
        self._meter = None if config.meter is None else Meter.parse(config.meter)
        self._prior = StepWeights(composer.model, precision="float32")
        self._forbidden = forbidden_tokens(self._engine).astype(bool)

    def draw(self, model: LanguageModel, first: int, n: int) -> list[Episode]:
        """``n`` pieces of a network.

        Parameters
        ----------
        model : in training.
        first : number of the first piece's random stream; the same gives the same header.

        Raises
        ------
        ConfigError : the model does not know the style.
        """
        config = self._config
        return draw_episodes(
            StepWeights(model, precision="float32"),
            self._prior,
            [self._header(first + i) for i in range(n)],
            bars=config.bars,
            temperature=config.temperature,
            forbidden=self._forbidden,
            rng_seed=config.rng_seed,
            first=first,
        )

    def _header(self, sequence: int) -> IntArray:
        """START to BODY."""
        engine, seed = self._engine, self._config.rng_seed
        generator = new_generator(engine, _HEADER_TOKENS, self._sampling, seed, sequence)
        generator.set_total_bars(self._config.bars)
        write_header(
            generator,
            engine.vocabulary,
            meter=self._meter,
            key=self._key,
            tempo_bpm=DEFAULT_TEMPO_BPM,
            style=self._config.style,
            instruments=partial(drawn_ensemble, engine, rng_seed=seed, sequence=sequence),
            programs=engine.coverage.programs,
            styles=engine.coverage.styles,
        )
        return generator.tokens
