"""One draft, handed out note by note; its controls may change while it is written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.by_name import check_known
from lstm_music.generate.asking.impossible import check_possible
from lstm_music.generate.asking.request import CONTROLS, RULES, WISHES, Request
from lstm_music.generate.complete import FEW_WORDS, characters, get_ready
from lstm_music.generate.compose import (
    Job,
    conditioning,
    model_for,
    new_notes,
)
from lstm_music.generate.engine import Engine
from lstm_music.generate.from_nothing import header_job
from lstm_music.generate.leans import Leans
from lstm_music.generate.loop import Generator
from lstm_music.generate.overlaps import clear_of, keyboards_of, without_unisons
from lstm_music.generate.planning.from_request import new_programs
from lstm_music.generate.planning.parts import voices_for
from lstm_music.generate.planning.ruling import Ruling, leans_for, rules_for
from lstm_music.generate.rules import Rules
from lstm_music.generate.voice_leading import VoiceLeading
from lstm_music.music.instruments.drum_keys import drums_in_general_midi
from lstm_music.music.piece import Piece
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.vocabulary import DRUM_PROGRAM
from lstm_music.types import NoteArray

_OF_WHOLE_TAKES = ("n", "rank", "drafts", "max_copy", "beam", "ending")
"""Controls that compare drafts, or write bars out of their order."""

_DRAWING = {name for name in Sampling.__dataclass_fields__ if name in CONTROLS}
CHANGEABLE = tuple(
    name for name, row in CONTROLS.items() if row.group in (RULES, WISHES) or name in _DRAWING
)
"""Controls that may change while a stream runs: the rules, the wishes and the sampling."""


class _Change(NamedTuple):
    """What takes effect before the next note is written; worked out by who asked for it."""

    sampling: Sampling
    ruling: Ruling
    rules: Rules
    leans: Leans | None
    voices: VoiceLeading | None
    conditioning: Conditioning | None


class NoteStream(Iterator[npt.NDArray[np.void]]):
    """The notes of one draft in order of onset, each as soon as it is final.

    One thread takes the notes; any thread may change the controls. The GIL is released while a
    note is written.

    Parameters
    ----------
    work : what is to be written.
    request : what was asked.
    advice : how the model is best sampled.
    rng_seed : decides all chance.
    finish : what gives notes that which the network cannot: accents, the drums' kit.
    """

    def __init__(
        self,
        work: Job,
        request: Request,
        advice: Sampling,
        rng_seed: int,
        finish: Callable[[NoteArray], NoteArray],
    ) -> None:
        self._work, self._request, self._advice = work, request, advice
        self._finish, self._ruling = finish, work.ruling
        self._generator = work.begin(request.sampling(advice), rng_seed, 0)
        self._lock = threading.Lock()
        self._change: _Change | None = None
        self._ready: list[npt.NDArray[np.void]] = []
        self._sent, self._done = 0, False
        self._keyboards = keyboards_of(work.plan.given)
        self._struck: set[tuple[int, int]] = set()  # keys and onsets of what was handed out

    @property
    def piece(self) -> Piece:
        """What stands beside the new notes, with every track that they name and its meters."""
        return self._work.plan.given

    @property
    def end_steps(self) -> int:
        """Where the last open place ends."""
        return self._work.plan.end_steps

    def __next__(self) -> npt.NDArray[np.void]:
        while not self._ready:
            if self._done:
                raise StopIteration
            self._write()
        return self._ready.pop(0)

    def change(self, **controls: Any) -> None:
        """Change controls (`CHANGEABLE`) while the notes are written.

        One note is written ahead, so that the note after next is the first that obeys. Density
        and the like are told to the network from there on.

        Raises
        ------
        ConfigError : no such control, one that cannot change any more, or nothing can meet it;
            the stream then goes on as before.

        Examples
        --------
        >>> import lstm_music as lm
        >>> stream = lm.load().stream("midi_data/reel.mid", bars=2, rng_seed=1)
        >>> _ = next(stream)
        >>> stream.change(pitch_range="60-67")
        >>> all(60 <= note["pitch_midi"] <= 67 for note in list(stream)[1:])
        True
        """
        check_known(controls)
        fixed = [name for name in controls if name not in CHANGEABLE]
        if fixed:
            raise ConfigError(
                f"{fixed[0]} cannot change while a stream runs; begin another. These can change: "
                f"{', '.join(CHANGEABLE)}"
            )
        with self._lock:
            request = replace(self._request, **controls)
            self._change = self._worked_out(request)
            self._request = request

    def _worked_out(self, request: Request) -> _Change:
        work = self._work
        plan, prompt = work.plan, work.prompt
        ruling = work.ruling.asked_anew(request, plan, characters(request, plan))
        check_possible(ruling, plan)
        rules = rules_for(ruling, plan, prompt)
        return _Change(
            request.sampling(self._advice),
            ruling,
            rules,
            leans_for(ruling, plan, prompt, rules),
            voices_for(ruling, plan, prompt),
            conditioning(prompt, ruling, plan),
        )

    def _write(self) -> None:
        """One note more, and those that are final with it."""
        with self._lock:
            change, self._change = self._change, None
        generator = self._generator
        if change is not None:
            generator.change(change.sampling, change.rules, change.leans, change.voices)
            generator.score.set_conditioning(change.conditioning)
            self._ruling = change.ruling
        self._done = generator.run(max_notes=1)
        notes = new_notes(self._work.prompt, generator)
        n_ready = len(notes)
        if n_ready and not self._done and _is_newest(notes[-1], generator):
            n_ready -= 1  # its velocity or timing may still follow
        ready = self._work.prompt.in_plan(notes[self._sent : n_ready])
        ready = self._ruling.finished(self._finish(ready))
        ready = clear_of(ready, self._work.plan.given.notes, self._keyboards)
        self._ready.extend(without_unisons(ready, self._keyboards, self._struck))
        self._sent = max(n_ready, self._sent)


def _is_newest(note: npt.NDArray[np.void], generator: Generator) -> bool:
    """Whether nothing, given or new, was written after a note."""
    last = generator.score.notes()[-1]
    return bool(note == last)


def open_stream(
    engine: Engine, request: Request, seed: Piece | None, rng_seed: int, advice: Sampling
) -> NoteStream:
    """A stream of the notes that a request asks for.

    Parameters
    ----------
    engine : what composes.
    request : its seed is ``seed``, read.
    seed : None: from nothing.
    rng_seed, advice : as of `NoteStream`.

    Raises
    ------
    ConfigError, MidiError : the request cannot be met, or not note by note.
    """
    _check_streamable(engine, request)
    if seed is None:
        work = header_job(engine, request, rng_seed, advice)
        header = work.plan.given
        return NoteStream(
            work, request, advice, rng_seed, lambda notes: drums_in_general_midi(notes, header)
        )
    work = get_ready(engine, request, seed, rng_seed)
    finish = engine.finish(model_for(work.plan), work.plan.start_steps)
    return NoteStream(work, request, advice, rng_seed, finish)


def _check_streamable(engine: Engine, request: Request) -> None:
    if request.has_form:
        raise ConfigError("a form cannot be streamed; call generate, or leave it out")
    if request.task == "vary":
        raise ConfigError("vary cannot be streamed: it compares finished drafts; call vary")
    for name in _OF_WHOLE_TAKES:
        if getattr(request, name) != CONTROLS[name].default:
            raise ConfigError(
                f"{name} is for finished takes and cannot be streamed; leave it out, or call "
                f"{request.task}"
            )
    if request.task != "generate" and not engine.hears_ahead:
        raise ConfigError(f"{request.task} cannot be streamed: {FEW_WORDS}")
    if request.task == "accompany" and not engine.coverage.mixed and request.with_ is not None:
        drums = {program == DRUM_PROGRAM for program, _ in new_programs(request.with_)}
        if len(drums) == 2:
            raise ConfigError(
                "this network has never met drums beside other tracks: stream the drums after the "
                "others, or call accompany"
            )
