"""Composer: a model file and the words it speaks, ready to compose. The façade of the API."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.met import Met
from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.generate.continuation import continue_piece, stream_notes
from lstm_music.generate.engine import Engine
from lstm_music.generate.from_nothing import DEFAULT_TEMPO_BPM, DRAFTS, compose_from_nothing
from lstm_music.kernels.step import StepWeights
from lstm_music.midi.files import restated
from lstm_music.midi.writing.opening import new_bars_alone
from lstm_music.music.excerpt import join
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter, parse_pickup_steps
from lstm_music.music.piece import Piece
from lstm_music.music.seam import next_bar_steps
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.sampling import Sampling, recommended
from lstm_music.pretrained import model_path
from lstm_music.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from lstm_music.evaluate.likelihood import Likelihood

_FROM_NOTHING = ("key", "tempo_bpm", "style", "ending", "drafts")


def random_rng_seed() -> int:
    """A fresh seed, short enough to type again."""
    return secrets.randbelow(2**31)


def load(model: str | os.PathLike[str] = "default") -> Composer:
    """Load a model: the bundled one by name, or a file.

    Parameters
    ----------
    model : "default" or another bundled one (``lstm-music info`` names them), or the path of a
        ``.safetensors`` file.

    Raises
    ------
    ModelFileError : no such model, or the file is damaged or incompatible.
    """
    with model_path(model) as path:
        return Composer(*load_model(path), name=Path(model).name)


class Composer:
    """A trained model that continues pieces, composes new ones and scores them.

    Thread-safe: every call keeps its own state. It can be pickled, so processes can share the work:
    ``pool.map(composer.generate, seeds)``.

    Attributes
    ----------
    model : the network.
    metadata : what the model file says of itself (data card, training summary, ...).
    name : bundled name or file name.
    sampling : how it samples unless told otherwise: as its data card recommends.
    """

    def __init__(self, model: LanguageModel, metadata: dict[str, Any], *, name: str) -> None:
        self.model = model
        self.metadata = metadata
        self.name = name
        self._vocabulary = Vocabulary.from_json(metadata["vocabulary"])
        try:
            self.sampling = recommended(metadata["data_card"])
        except ConfigError as error:
            raise ModelFileError(f"{name}: {error}") from None
        met = Met.from_dict(metadata["training"].get("met", {}))
        self._engine = Engine(StepWeights(model), self._vocabulary, met)

    def generate(
        self,
        seed: Piece | None = None,
        *,
        bars: int = 8,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        rng_seed: int | None = None,
        key: str | Key | None = None,
        meter: str | Meter | None = None,
        pickup: str | None = None,
        tempo_bpm: float | None = None,
        style: str | None = None,
        ending: str | None = None,
        drafts: int | None = None,
        include_seed: bool = True,
    ) -> Piece:
        """Continue ``seed`` by ``bars`` bars, or compose ``bars`` bars from nothing.

        Parameters
        ----------
        seed : music to continue; its tempo, meter, tracks and programs are kept.
        bars : bars of new music, 1 or more; exactly so many.
        temperature, top_k, top_p, min_p : see ``lstm_music.nn.sampling.Sampling``; what is not
            given is as the model recommends (``sampling``), mostly 0.9, 0, 0.95 and 0.
        rng_seed : same number, same music, on any number of threads; None = a fresh one.
        meter : of a piece from nothing; beside a seed, its meter from the beginning on, whatever
            its file says.
        pickup : beside a seed, the length of its incomplete first bar as a fraction of a whole
            note, such as "1/8"; "0" for none.
        key, tempo_bpm, style : header of a piece from nothing; not with a seed. The tempo is 120
            unless given, the rest the network chooses.
        ending : of a piece from nothing. "tonic" (the default): its last two bars are drawn up to
            sixteen times, until the bass ends on the tonic of the key; "free": once.
        drafts : of a piece from nothing: drawn anew up to so many times (8 unless given), until it
            is heard in its key, or the mode of its third, on its beats and in its meter
            (`lstm_music.music.promises`); 1: as it comes.
        include_seed : False returns the new bars alone, from step 0.

        Raises
        ------
        ConfigError : a setting is out of range, or stands beside a seed that decides it.
        MidiError : the seed has no notes.

        Examples
        --------
        >>> import lstm_music as lm
        >>> lm.load().generate(bars=2, meter="3/4", key="G major", rng_seed=3).meters[0].numerator
        3
        """
        given = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
        sampling = self.sampling.but(**given)
        return self.generate_many(
            seed,
            n=1,
            bars=bars,
            sampling=sampling,
            rng_seed=rng_seed,
            key=key,
            meter=meter,
            pickup=pickup,
            tempo_bpm=tempo_bpm,
            style=style,
            ending=ending,
            drafts=drafts,
            include_seed=include_seed,
        )[0]

    def generate_many(
        self,
        seed: Piece | None = None,
        *,
        n: int,
        bars: int = 8,
        sampling: Sampling | None = None,
        rng_seed: int | None = None,
        key: str | Key | None = None,
        meter: str | Meter | None = None,
        pickup: str | None = None,
        tempo_bpm: float | None = None,
        style: str | None = None,
        ending: str | None = None,
        drafts: int | None = None,
        include_seed: bool = True,
        threads: int | None = None,
    ) -> list[Piece]:
        """``n`` different results of ``generate``; the first equals that of ``n=1``."""
        if bars < 1 or n < 1:
            raise ConfigError(f"bars and n must be 1 or more, got {bars} and {n}")
        sampling = sampling or self.sampling
        rng_seed = random_rng_seed() if rng_seed is None else rng_seed
        header = dict(zip(_FROM_NOTHING, (key, tempo_bpm, style, ending, drafts)))
        meter = Meter.parse(meter) if isinstance(meter, str) else meter
        if seed is None:
            if pickup is not None:
                raise ConfigError("pickup is for a seed; leave it out for a piece from nothing")
            return compose_from_nothing(
                self._engine,
                bars=bars,
                n=n,
                sampling=sampling,
                rng_seed=rng_seed,
                meter=meter,
                key=Key.parse(key) if isinstance(key, str) else key,
                tempo_bpm=DEFAULT_TEMPO_BPM if tempo_bpm is None else tempo_bpm,
                style=style,
                ending=ending or "tonic",
                drafts=DRAFTS if drafts is None else drafts,
                threads=threads,
            )
        decided = [name for name, value in header.items() if value is not None]
        if decided:
            raise ConfigError(
                f"{decided[0]} is for a piece from nothing; leave it out beside a seed"
            )
        if meter is not None or pickup is not None:
            pickup_steps = None if pickup is None else parse_pickup_steps(pickup)
            seed = restated(seed, meter, pickup_steps)
        start = next_bar_steps(seed) if len(seed.notes) else 0
        new = continue_piece(
            self._engine,
            seed,
            bars=bars,
            n=n,
            sampling=sampling,
            rng_seed=rng_seed,
            threads=threads,
        )
        whole = [join(seed, piece) for piece in new]
        return whole if include_seed else [new_bars_alone(piece, start) for piece in whole]

    def stream(
        self,
        seed: Piece,
        *,
        bars: int = 8,
        sampling: Sampling | None = None,
        rng_seed: int | None = None,
    ) -> Iterator[npt.NDArray[np.void]]:
        """The notes of a continuation one by one, the GIL released between them.

        Yields
        ------
        NOTE_DTYPE scalars in order of onset, at their onsets after the seed; with the same
        ``rng_seed`` the notes that ``generate`` adds.
        """
        return stream_notes(
            self._engine,
            seed,
            bars=bars,
            sampling=sampling or self.sampling,
            rng_seed=random_rng_seed() if rng_seed is None else rng_seed,
        )

    def log_prob(self, piece: Piece) -> Likelihood:
        """How likely the model finds ``piece``: nats a token, a note, a bar (lower = likelier).

        Scored is what the model would hear of it as a seed: without what it has never met in
        training (fine timing, or dynamics, as it may be), in its likely key. The header is given.

        Raises
        ------
        TokenError : the piece has no note.
        """
        # Composing does without the evaluation's imports, and starts a tenth of a second sooner.
        from lstm_music.evaluate.compare import piece_likelihood

        told, _ = self._engine.told(piece, piece)
        return piece_likelihood(self.model, told)
