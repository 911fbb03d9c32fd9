"""Composer: a model file and the words it speaks, ready to compose. The façade of the API."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from lstm_music.errors import ConfigError, ModelFileError, ShapeError
from lstm_music.evaluate.critics import Critics
from lstm_music.generate.engine import Engine
from lstm_music.midi.content import MusicSource
from lstm_music.midi.files import read, restated
from lstm_music.music.meter import Meter, parse_pickup_steps
from lstm_music.music.piece import Piece
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.sampling import Sampling, recommended
from lstm_music.nn.step_weights import step_weights
from lstm_music.nn.widen import widened
from lstm_music.pretrained import known_bytes, model_path
from lstm_music.tokens.vocabulary import DEFAULT, Vocabulary

if TYPE_CHECKING:
    from lstm_music.corpus.copies.fingerprints import Fingerprints
    from lstm_music.evaluate.gates.record import Gates
    from lstm_music.evaluate.likelihood import Likelihood
    from lstm_music.generate.asking.request import Request
    from lstm_music.generate.streaming import NoteStream
    from lstm_music.generate.takes import Take, TakeDone

Music: TypeAlias = Piece | MusicSource
"""A piece, or what `lstm_music.read` takes: a path, bytes or an open file."""


def random_rng_seed() -> int:
    """A fresh seed, short enough to type again."""
    return int.from_bytes(os.urandom(4)) >> 1


def load(
    model: str | os.PathLike[str] = "default", *, precision: str = "bfloat16", backend: str = "cpu"
) -> Composer:
    """Load a model: the bundled one by name, or a file.

    Parameters
    ----------
    model : "default" or another bundled one (``lstm-music info`` names them), or the path of a
        ``.safetensors`` file.
    precision : of the weights that it composes with: bfloat16, float32 or int8 (docs/speed.md).
    backend : what composes: ``cpu``, ``gpu``, ``gpu:N`` or ``auto`` (docs/gpu.md).

    Raises
    ------
    ConfigError : another precision, or no backend has that name.
    BackendError : there is no such GPU.
    ModelFileError : no such model, or the file is damaged or incompatible.
    """
    with model_path(model) as path:
        network, facts = load_model(path)
    learnt = Vocabulary.from_json(facts["vocabulary"])
    try:
        network = widened(network, learnt.stream_sizes, DEFAULT.stream_sizes)
    except ShapeError as error:
        raise ModelFileError(f"{os.fspath(model)}: damaged: {error}") from None
    options = {"precision": precision, "backend": backend}
    return Composer(network, facts, name=Path(model).name, source=model, **options)


class Composer:
    """A trained model that continues pieces, composes new ones and scores them.

    Thread-safe: every call keeps its own state. It can be pickled, so processes can share the work:
    ``pool.map(composer.generate, seeds)``.

    Attributes
    ----------
    model : the network, with the streams and tokens of this version.
    metadata : what the model file says of itself (data card, training summary, ...).
    name : bundled name or file name.
    sampling : how it samples unless told otherwise: as its data card recommends.
    precision : of the weights that it composes with.
    """

    def __init__(
        self,
        model: LanguageModel,
        metadata: dict[str, Any],
        *,
        name: str,
        source: str | os.PathLike[str] | None = None,
        precision: str = "bfloat16",
        backend: str = "cpu",
    ) -> None:
        self.model = model
        self.metadata = metadata
        self.name = name
        self.precision = precision
        weights = step_weights(self.model, precision, backend)
        try:
            self.sampling = recommended(metadata["data_card"])
            critics = Critics(metadata["training"].get("critics", {}))
            self._engine = Engine.from_metadata(weights, DEFAULT, metadata, critics)
        except ConfigError as error:
            raise ModelFileError(f"{name}: {error}") from None
        self._source = name if source is None else source
        self._known: Fingerprints | None = None

    def __repr__(self) -> str:
        """What it is called."""
        return f"<Composer {self.name!r}>"

    @property
    def engine(self) -> Engine:
        """What composes: packed weights, and what the training music had."""
        return self._engine

    @property
    def source(self) -> str | os.PathLike[str]:
        """The bundled name or the file that it was loaded from."""
        return self._source

    def complete(
        self, request: Request, *, avoid: Iterable[Music] = (), on_take: TakeDone | None = None
    ) -> list[Take]:
        """All that a composer does: the takes of a request, ``request.n`` of them.

        Parameters
        ----------
        request : what is asked; `lstm_music.generate.asking.request.CONTROLS` has all of it.
        avoid : earlier results for the same seed, from which the takes are to differ.
        on_take : called with each take as soon as it is written, in the order drawn. They are the
            same takes, drawn one after another.

        Raises
        ------
        ConfigError : the request cannot be met; the message says what excludes what.
        MidiError : the seed cannot be read, or has no notes.

        Examples
        --------
        >>> import lstm_music as lm
        >>> ask = lm.Request("infill", "midi_data/reel.mid", bars=(5, 6), rng_seed=1)
        >>> [take.piece.tracks[0].program for take in lm.load().complete(ask)]
        [40]
        """
        if request.form_of is not None:
            from lstm_music.generate.forms.wanted import with_found_form

            request = with_found_form(request)
        rng_seed = random_rng_seed() if request.rng_seed is None else request.rng_seed
        engine = self._engine.on_threads(request.threads)
        others = [_as_piece(piece) for piece in avoid]
        copied = None if request.max_copy is None else self._copied_notes
        if request.seed is None:
            from lstm_music.generate.from_nothing import compose_from_nothing

            return compose_from_nothing(
                engine,
                request,
                rng_seed,
                self.sampling,
                others=others,
                copied_notes=copied,
                on_take=on_take,
            )
        from lstm_music.generate.complete import complete_seed

        return complete_seed(
            engine,
            request,
            self._seed(request),
            rng_seed,
            self.sampling,
            others=others,
            copied_notes=copied,
            on_take=on_take,
        )

    def generate(
        self, seed: Music | None = None, *, include_seed: bool = True, **controls: Any
    ) -> Piece:
        """Continue ``seed`` by some bars, or compose some bars from nothing.

        Parameters
        ----------
        seed : a Piece, or a path, bytes or an open file of music; None: from nothing.
        include_seed : False returns the new bars alone, from step 0.
        controls : of `Request`: ``bars``, ``temperature``, ``scale``, ``rng_seed``, ...

        Raises
        ------
        ConfigError : a control is out of range, or has no place here.
        MidiError : the seed cannot be read, or has no notes.

        Examples
        --------
        >>> import lstm_music as lm
        >>> lm.load().generate(bars=2, meter="3/4", key="G major", rng_seed=3).meters[0].numerator
        3
        """
        return self.generate_many(seed, n=1, include_seed=include_seed, **controls)[0]

    def generate_many(
        self,
        seed: Music | None = None,
        *,
        n: int,
        include_seed: bool = True,
        sampling: Sampling | None = None,
        **controls: Any,
    ) -> list[Piece]:
        """``n`` different results of ``generate``; the first equals that of ``n=1``.

        ``sampling`` sets all of its fields at once.
        """
        request = _request("generate", seed, sampling, n=n, **controls)
        takes = self.complete(request)
        pieces = [take.piece for take in takes]
        if include_seed or seed is None:
            return pieces
        from lstm_music.midi.writing.opening import new_bars_alone

        return [
            new_bars_alone(piece, max(start for _, start, _ in piece.added_places))
            for piece in pieces
        ]

    def infill(self, piece: Music, bars: Any = None, tracks: Any = None, **controls: Any) -> Piece:
        """Write some bars of some tracks anew; all else stands.

        Parameters
        ----------
        piece : a Piece, or a path, bytes or an open file of music.
        bars : first and last bar, counted from 1: ``(5, 8)`` or ``"5-8"``; None: all.
        tracks : numbers from 1, names or roles; None: all that sound.
        controls : of `Request`.

        Raises
        ------
        ConfigError : no such bars or tracks, or a control is out of range.
        MidiError : the piece cannot be read.
        """
        return self._first("infill", piece, bars=bars, tracks=tracks, **controls)

    def accompany(self, piece: Music, with_: Any, bars: Any = None, **controls: Any) -> Piece:
        """Write new tracks to what is there.

        Parameters
        ----------
        piece : a Piece, or a path, bytes or an open file of music.
        with_ : General MIDI instruments or families: ``["drums", "bass"]`` or ``"drums,bass"``.
        bars : first and last bar, counted from 1; None: all.
        controls : of `Request`.

        Raises
        ------
        ConfigError : no such instrument or bars, or a control is out of range.
        MidiError : the piece cannot be read, or has no notes.
        """
        return self._first("accompany", piece, with_=with_, bars=bars, **controls)

    def vary(
        self,
        piece: Music,
        keep: str,
        amount: float = 1.0,
        bars: Any = None,
        tracks: Any = None,
        **controls: Any,
    ) -> Piece:
        """Some bars again, with something of them kept.

        Parameters
        ----------
        piece : a Piece, or a path, bytes or an open file of music.
        keep : "rhythm": every onset and duration; "pitch": the pitches in their order, in another
            rhythm; "outline": the notes on the beats.
        amount : share of the notes that may change, 0..1.
        bars, tracks : as of `infill`.
        controls : of `Request`.

        Raises
        ------
        ConfigError : nothing sounds there, or a control is out of range.
        MidiError : the piece cannot be read.
        """
        asked = {"keep": keep, "amount": amount, "bars": bars, "tracks": tracks}
        return self._first("vary", piece, **asked, **controls)

    def stream(
        self,
        seed: Music | None = None,
        *,
        task: str = "generate",
        sampling: Sampling | None = None,
        **controls: Any,
    ) -> NoteStream:
        """The notes of one draft one by one, the GIL released while each is written.

        Parameters
        ----------
        seed : as of `generate`, `infill` and `accompany`; None: from nothing.
        task : "generate", "infill" or "accompany".
        sampling, controls : as of `generate_many`, less those that compare finished takes.

        Returns
        -------
        NoteStream : yields NOTE_DTYPE scalars in order of onset, at their onsets in the seed. With
            the same ``rng_seed`` a continuation has the notes that ``generate`` adds. Its
            ``change(temperature=1.2)`` changes controls on the way.

        Raises
        ------
        ConfigError : a control is out of range, or cannot be streamed.
        MidiError : the seed cannot be read, or has no notes.
        """
        from lstm_music.generate.streaming import open_stream

        request = _request(task, seed, sampling, **controls)
        rng_seed = random_rng_seed() if request.rng_seed is None else request.rng_seed
        music = None if seed is None else self._seed(request)
        return open_stream(self._engine, request, music, rng_seed, self.sampling)

    def gates(self, piece: Music) -> Gates:
        """Gates, states and surprise of the network while it reads ``piece`` (docs/gates.md).

        Read is what the model would hear of it as a seed, as in `log_prob`.

        Raises
        ------
        TokenError : the piece has no note.
        """
        from lstm_music.evaluate.gates.record import gates_of

        piece = _as_piece(piece)
        return gates_of(self.model, self._engine.as_heard(piece))

    def _first(self, task: str, piece: Music, **controls: Any) -> Piece:
        return self.complete(_request(task, piece, None, **controls))[0].piece

    def _seed(self, request: Request) -> Piece:
        """The seed of a request, read, cut and with its meter as the request says."""
        seed = _as_piece(request.seed)
        if request.meter is not None or request.pickup is not None:
            meter = Meter.parse(request.meter) if isinstance(request.meter, str) else request.meter
            pickup = None if request.pickup is None else parse_pickup_steps(request.pickup)
            seed = restated(seed, meter, pickup)
        if request.style is not None:
            self._check_style(request.style)
            seed = seed.replace(style=request.style)
        if request.seed_bars is None:
            return seed
        from lstm_music.generate.asking.controls import bar_pair
        from lstm_music.generate.planning.plan import bar_range
        from lstm_music.music.excerpt import excerpt

        return excerpt(seed, *bar_range(seed, bar_pair(request.seed_bars, "seed_bars")))

    def _check_style(self, style: str) -> None:
        known = [name for name in self._engine.coverage.styles if name]
        if style not in known:
            has = f"style must be one of {', '.join(known)}" if known else "it knows no styles"
            raise ConfigError(f"{self.name}: {has}, got {style!r}")

    def _copied_notes(self, piece: Piece) -> int:
        """The longest run of new notes that the training music has."""
        from lstm_music.corpus.copies.fingerprints import Fingerprints, copied_notes

        if self._known is None:
            self._known = Fingerprints.from_bytes(known_bytes(self._source), self.name)
        return copied_notes(piece, self._known)

    def log_prob(self, piece: Music) -> Likelihood:
        """How likely the model finds ``piece``: nats a token, a note, a bar (lower = likelier).

        Scored is what the model would hear of it as a seed: without what it has never met in
        training (fine timing, or dynamics, as it may be), in its likely key. The header is given.

        Raises
        ------
        TokenError : the piece has no note.
        """
        # Composing does without the evaluation's imports, and starts a tenth of a second sooner.
        from lstm_music.evaluate.compare import piece_likelihood

        piece = _as_piece(piece)
        return piece_likelihood(self.model, self._engine.as_heard(piece))


def _as_piece(music: Music) -> Piece:
    """A piece as it is; anything else is read."""
    return music if isinstance(music, Piece) else read(music)


def _request(task: str, seed: Music | None, sampling: Sampling | None, **controls: Any) -> Request:
    from lstm_music.generate.asking.by_name import asked

    return asked(task, seed, sampling, **controls)
