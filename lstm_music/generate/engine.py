"""What is needed to compose, and generators that run together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lstm_music.backends.workspace import in_threads, usable_cores
from lstm_music.corpus.coverage import Coverage
from lstm_music.errors import ConfigError
from lstm_music.generate.dynamics import Accents, has_dynamics, near
from lstm_music.generate.forms.choosing import Critic, no_critic
from lstm_music.generate.loop import Generator
from lstm_music.generate.together import most_together, run_together
from lstm_music.kernels.device_step import DeviceWeights, new_stepper
from lstm_music.kernels.step import StepWeights
from lstm_music.music.distinct import distinct
from lstm_music.music.excerpt import excerpt
from lstm_music.music.form_model import FormModel
from lstm_music.music.harmony.progression_model import ProgressionModel
from lstm_music.music.hearing import Played, as_score, played
from lstm_music.music.instruments.drum_keys import drums_in_general_midi, has_pad_keys
from lstm_music.music.key import Key
from lstm_music.music.listening.styles import infer_style
from lstm_music.music.performance import Manner, even_velocities
from lstm_music.music.piece import Piece, on_their_onsets
from lstm_music.music.theory import likely_key
from lstm_music.nn.model_file import load_model
from lstm_music.nn.sampling import FromNothing, Sampling, recommended_from_nothing
from lstm_music.pretrained import model_path
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.vocabulary import Vocabulary

TOKENS_A_BAR = 1024
"""Room for so many."""

_STRANGE = 1.25
"""Beyond so many times the 95th percentile of what the network knows music is strange to it."""

_FIXED_KINDS = frozenset({"numerator", "denominator", "tempo"})
_NOTE_KINDS = frozenset({"long", "shift", "track", "pitch", "drum", "duration"})

_Item = TypeVar("_Item")
Notes = npt.NDArray[np.void]
Finish = Callable[[Notes], Notes]


@dataclass(frozen=True)
class Engine:
    """What is needed to compose.

    Parameters
    ----------
    weights : packed for single steps, or what stands for those on a device.
    vocabulary : what the tokens mean.
    coverage : what the training music had, as it came, before any variation. No other kind of token
        is sampled, a piece from nothing is scored for no other instruments, and what a seed has
        beyond it (pedal, dynamics, timing, tempo changes) is kept from the network, which it would
        throw.
    knows : nats a note of held-out pieces of each style, the median and the 95th percentile;
        empty where the model does not tell.
    hears_ahead : whether the network has learnt to be told what lies ahead.
    forms : how bars return in the training music, for `FormModel.from_json`; empty where the model
        does not tell.
    from_nothing : what its data card advises for pieces from nothing, by style.
    progressions : the chord symbols of the training music, for `ProgressionModel.from_json`; empty
        where the model does not tell.
    critic : from a style to what chooses among drafts of pieces from nothing, if anything does.
    """

    weights: StepWeights
    vocabulary: Vocabulary
    coverage: Coverage
    knows: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hears_ahead: bool = False
    forms: Mapping[str, Any] = field(default_factory=dict)
    from_nothing: Mapping[str, FromNothing] = field(default_factory=dict)
    progressions: Mapping[str, Any] = field(default_factory=dict)
    critic: Callable[[str], Critic | None] = no_critic

    def on_threads(self, n: int | None) -> Engine:
        """The same for n threads; None: one a core. They share what a device leaves to do here."""
        if not isinstance(self.weights, DeviceWeights):
            return self
        n = n or usable_cores()
        if n == self.weights.pool.n_threads:
            return self  # with the models that it has cached
        return replace(self, weights=self.weights.on_threads(n))

    @classmethod
    def from_metadata(
        cls,
        weights: StepWeights,
        vocabulary: Vocabulary,
        metadata: Mapping[str, Any],
        critic: Callable[[str], Critic | None] = no_critic,
    ) -> Engine:
        """The engine of a model file.

        Parameters
        ----------
        weights, vocabulary : of the model in memory, which may have more streams than its file.
        metadata : of the model file.
        critic : as of `Engine`.

        Raises
        ------
        ConfigError : the data card advises settings that do not exist.
        """
        training = metadata["training"]
        learnt = Vocabulary.from_json(metadata["vocabulary"])
        hears_ahead = learnt.has_stream("closed") and training.get("settings", {}).get("infill", 0)
        return cls(
            weights,
            vocabulary,
            Coverage.from_dict(training.get("met", {})),
            knows=training.get("knows", {}),
            hears_ahead=hears_ahead > 0,
            forms=training.get("forms", {}),
            from_nothing=recommended_from_nothing(metadata["data_card"]),
            progressions=training.get("progressions", {}),
            critic=critic,
        )

    @cached_property
    def progression_model(self) -> ProgressionModel:
        """What chord symbols are drawn from."""
        return ProgressionModel.from_json(self.progressions)

    @cached_property
    def form_model(self) -> FormModel:
        """What forms are drawn from: those of the training music, else of that of ``default``."""
        return FormModel.from_json(self.forms or _bundled_forms())

    def strangeness(self, style: str, nats_a_note: float) -> tuple[str, ...]:
        """What to say of music that the network finds much less likely than what it knows."""
        known = {name: self.knows[name] for name in (style,) if name in self.knows} or self.knows
        most = max((high for _, high in known.values()), default=float("inf"))
        if not nats_a_note > _STRANGE * most:
            return ()
        usual = ", ".join(f"{median:.1f} for {name}" for name, (median, _) in known.items())
        return (
            f"this music is unlike what the network has learnt: {nats_a_note:.1f} nats a note, "
            f"where the music it was trained on has {usual}",
        )

    def known_part(self, piece: Piece) -> Piece:
        """The piece without what the network has never met."""
        if "pedal_down" not in self.coverage.kinds:
            piece = piece.replace(pedal=piece.pedal[:0])
        if "tempo" not in self.coverage.kinds:
            piece = piece.replace(tempos=piece.tempos[:1])
        if "timing" not in self.coverage.kinds:
            piece = piece.replace(notes=on_their_onsets(piece.notes))
        return piece if self.coverage.dynamics else even_velocities(piece)

    def played(self, piece: Piece) -> Played:
        """How a piece goes beyond what the network knows of performing; what it has never met at
        all is left out in any case (`known_part`).
        """
        how, met = played(piece, self._usual_manner(piece)), self.coverage
        return how._replace(
            loudness=how.loudness and met.dynamics,
            pedal=how.pedal and "pedal_down" in met.kinds,
            tempo=how.tempo and "tempo" in met.kinds,
        )

    def _usual_manner(self, piece: Piece) -> Manner | None:
        return self.coverage.manners.get(self.style_of(piece))

    def left_out(self, piece: Piece, n_tracks: int) -> tuple[str, ...]:
        """What the network does not read, a sentence each.

        Parameters
        ----------
        piece : with all that it could hear.
        n_tracks : how many tracks it hears.
        """
        known = self.known_part(piece)
        lost = [
            name
            for name, before, after in (
                ("pedal", piece.pedal, known.pedal),
                ("tempo changes", piece.tempos, known.tempos),
                ("timing off the grid", piece.notes["timing_96ths"], known.notes["timing_96ths"]),
                ("dynamics", piece.notes["velocity"], known.notes["velocity"]),
            )
            if len(before) != len(after) or np.any(np.asarray(before) != np.asarray(after))
        ]
        said = (f"not heard by this network, which has not learnt it: {', '.join(lost)}",)
        n_sounding = len(distinct(piece.notes["track"]))
        more = (f"the network hears {n_tracks} of {n_sounding} tracks, the busiest",)
        return said * bool(lost) + more * (n_sounding > n_tracks)

    def style_of(self, seed: Piece) -> str:
        """What the network is told of a seed's style: its own, or what it can only be."""
        if len(self.coverage.styles) == 1:
            return self.coverage.styles[0]
        return style if (style := infer_style(seed)) in self.coverage.styles else seed.style

    def as_read(self, part: Piece, whole: Piece) -> Piece:
        """What the network is told of a part of a piece, in the key and style of the whole."""
        return self.known_part(part).replace(key=_key_at_end(whole), style=self.style_of(whole))

    def as_heard(self, piece: Piece) -> Piece:
        """What the network is told of a whole piece as a seed."""
        return self.as_read(as_score(piece, self._usual_manner(piece)), piece)

    def finish(self, seed: Piece, start_steps: int) -> Finish:
        """What gives new notes that which the network cannot: the seed's accents and drum kit.

        Nor does a network's rise and fall suit a seed that has only accents, or that it was told at
        an even loudness. Of such a seed the notes near ``start_steps``, where the new ones begin,
        tell how loud these are.
        """
        is_even = self.played(seed).loudness
        composes = self.coverage.dynamics and has_dynamics(seed) and not is_even
        source = near(seed, start_steps) if is_even else seed
        accented = (lambda notes: notes) if composes else Accents(source).given_to
        if has_pad_keys(seed):
            return accented
        return lambda notes: drums_in_general_midi(accented(notes), seed)


def _bundled_forms() -> dict[str, Any]:
    with model_path("default") as path:
        forms: dict[str, Any] = load_model(path)[1]["training"]["forms"]
    return forms


def _key_at_end(piece: Piece) -> Key | None:
    """The likely key, of the last stretch where the piece changes its key."""
    if not piece.key_changes:
        return likely_key(piece)
    change = piece.key_changes[-1]
    stretch = excerpt(piece, piece.bar_lines.bar_start(change.onset_steps))
    return likely_key(stretch.replace(key=change.key, key_changes=()))


def new_generator(
    engine: Engine,
    capacity: int,
    sampling: Sampling,
    rng_seed: int,
    sequence: int,
    *,
    may_end: bool = True,
) -> Generator:
    """An empty one; its random numbers are those of ``sequence`` under ``rng_seed``.

    ``may_end`` says whether the network may end the piece in its last bar, and pedal: within a
    piece all pedalling is given.
    """
    return Generator(
        Automaton(capacity),
        new_stepper(engine.weights),
        forbidden_tokens(engine, may_end),
        sampling,
        rng_seed,
        sequence,
        capacity,
    )


def forbidden_tokens(engine: Engine, may_end: bool = True) -> npt.NDArray[np.uint8]:
    """Tokens that are never drawn, (V,) uint8: 1 for each.

    Meter and tempo stay as they are, the seed's or the header's; the rest must be known. But notes
    and the way to them are never forbidden: a model that has met one track alone, or no
    drums, may be asked for others, and what is owed must be possible.
    """
    mask = np.zeros(engine.vocabulary.n_tokens, np.uint8)
    for kind, _ in engine.vocabulary.ranges:
        is_known = kind in engine.coverage.kinds or kind in _NOTE_KINDS
        if kind in _FIXED_KINDS or not is_known:
            tokens = engine.vocabulary[kind]
            mask[tokens.start : tokens.stop] = 1
    if not may_end:
        for kind in ("end", "pedal_up", "pedal_down"):
            mask[engine.vocabulary[kind]] = 1
    return mask


def run_share(begin: Callable[[int], Generator], share: Sequence[int]) -> list[Generator]:
    """``begin(i)`` for each i of ``share``, run together: they read the weights once for all."""
    generators = [begin(i) for i in share]
    run_together(generators)
    return generators


def run_on(engine: Engine, generators: Sequence[Generator], threads: int | None) -> list[Generator]:
    """All of them, when each has gone on as far as it may."""

    def share(some: Sequence[Generator]) -> list[Generator]:
        run_together(some)
        return list(some)

    return in_shares(engine, share, generators, threads)


def in_shares(
    engine: Engine,
    compose: Callable[[Sequence[_Item]], list[Generator]],
    sequences: Sequence[_Item],
    threads: int | None,
) -> list[Generator]:
    """``compose(sequences)``, a share of them a thread; the loop holds no GIL.

    A device computes for all of them together, and the threads are those of its weights.

    Raises
    ------
    ConfigError : fewer than one thread.
    """
    if threads is not None and threads < 1:
        raise ConfigError(f"threads must be 1 or more, got {threads}")
    n = len(sequences)
    crew = min(n, threads or usable_cores())
    if isinstance(engine.weights, DeviceWeights):
        crew = 1
    groups = max(crew, -(-n // most_together(engine.weights)))
    shares = [sequences[n * i // groups : n * (i + 1) // groups] for i in range(groups)]
    return [generator for share in in_threads(compose, shares, crew) for generator in share]


def with_sounding_tracks(piece: Piece) -> tuple[Piece, npt.NDArray[np.uint16]]:
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
