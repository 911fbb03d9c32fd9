"""Drafts of a request without a seed: a header, and the music that the network writes after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from lstm_music.generate.asking.impossible import check_possible
from lstm_music.generate.asking.piece_controls import NO_FORM
from lstm_music.generate.asking.request import CONTROLS, Request
from lstm_music.generate.compose import Job, conditioning
from lstm_music.generate.dynamics import without_dynamics
from lstm_music.generate.engine import (
    TOKENS_A_BAR,
    Engine,
    in_shares,
    new_generator,
    with_sounding_tracks,
)
from lstm_music.generate.forms.choosing import FIRST, Choice
from lstm_music.generate.forms.endings import ENDING_BARS, close_all, closed_by_hand
from lstm_music.generate.forms.plan import RESTS_BARS, FormPlan
from lstm_music.generate.forms.returns import Again, Formed, close_with_forms, write_stages
from lstm_music.generate.forms.symbols import drawn_symbols
from lstm_music.generate.forms.wanted import is_ruled, take_form, with_settled_form
from lstm_music.generate.given import Given
from lstm_music.generate.loop import Generator
from lstm_music.generate.planning.character import Character, character_in_range
from lstm_music.generate.planning.from_request import new_programs
from lstm_music.generate.planning.header import drawn_ensemble, key_of, write_header
from lstm_music.generate.planning.parts import voices_for
from lstm_music.generate.planning.plan import Place, Plan
from lstm_music.generate.planning.prompt import Prompt
from lstm_music.generate.planning.ruling import Ruling, leans_for, rules_for, ruling_for
from lstm_music.generate.reporting.report import make_report
from lstm_music.generate.takes import Take
from lstm_music.generate.together import run_together
from lstm_music.music.harmony.rests import LEAST_PARTS
from lstm_music.music.harmony.scale import Scale
from lstm_music.music.instruments.drum_keys import in_general_midi
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo
from lstm_music.nn.sampling import FromNothing, Sampling
from lstm_music.tokens.decode import written_piece
from lstm_music.tokens.vocabulary import DRUM_PROGRAM

DEFAULT_TEMPO_BPM = 120.0

Draft = tuple[Piece, Generator, Formed | None]
"""A piece, the generator that wrote it, and how it was written in stages, if it has a form."""


class DraftWriter:
    """Writes drafts of one request."""

    def __init__(self, engine: Engine, request: Request, rng_seed: int, advice: Sampling) -> None:
        self._engine, self._request, self._rng_seed = engine, request, rng_seed
        self._usual = FromNothing(advice)
        self._bars = request.bar_count()
        self._meter = (
            Meter.parse(request.meter) if isinstance(request.meter, str) else request.meter
        )
        self._key = Key.parse(request.key) if isinstance(request.key, str) else request.key
        if self._key is None and request.scale is not None:
            self._key = key_of(Scale.parse(request.scale))
        bpm = DEFAULT_TEMPO_BPM if request.tempo_bpm is None else request.tempo_bpm
        self._tempo = Tempo.from_bpm(bpm)
        self._programs = (
            [] if request.with_ is None else [p for p, _ in new_programs(request.with_)]
        )
        styles = engine.coverage.styles
        self._known_style = request.style or (styles[0] if len(styles) == 1 else "")
        self._closes = request.ending != "free"
        self._formed: dict[int, Formed] = {}

    def _begin(self, sequence: int) -> Generator:
        return self.job(sequence).base

    def job(self, sequence: int) -> Job:
        """What a draft needs, and a generator of its random stream that has read the header."""
        capacity = self._bars * TOKENS_A_BAR
        usual = self._sampling(self._known_style)
        generator = new_generator(self._engine, capacity, usual, self._rng_seed, sequence)
        generator.set_total_bars(self._bars)
        bar_steps = write_header(
            generator,
            self._engine.vocabulary,
            meter=self._meter,
            key=self._key,
            tempo_bpm=self._tempo.tempo_bpm,
            style=self._request.style,
            instruments=lambda style: (
                self._programs or drawn_ensemble(self._engine, style, self._rng_seed, sequence)
            ),
            programs=self._engine.coverage.programs,
            styles=self._engine.coverage.styles,
        )
        header = written_piece(generator.score)
        plan, ruling = self._planned(header)
        prompt = _prompt(plan, self._bars)
        form = self._form(ruling, plan, prompt, sequence)
        plan = replace(plan, form=form)
        check_possible(ruling, plan)
        symbols = None
        if form is not None:
            if not self._programs and not is_ruled(self._request):
                rng = np.random.default_rng([self._rng_seed, sequence])
                model = self._engine.progression_model
                symbols = drawn_symbols(model, header, form, rng, closes=self._closes)
            choice = self._choice(header.style, sequence)
            self._formed[sequence] = Formed(
                form, plan, ruling, prompt, standing=symbols, choice=choice
            )
        generator.set_conditioning(conditioning(prompt, ruling, plan, symbols))
        rules = rules_for(ruling, plan, prompt)
        leans = leans_for(ruling, plan, prompt, rules)
        voices = voices_for(ruling, plan, prompt)
        generator.set_task(Given([]), rules, bar_steps, leans, voices=voices)
        generator.change(self._sampling(header.style), rules, leans, voices)
        if self._closes and form is None:
            generator.set_pause((self._bars - ENDING_BARS) * bar_steps)
        return Job(self._engine, plan, prompt, ruling, generator)

    def _form(self, ruling: Ruling, plan: Plan, prompt: Prompt, sequence: int) -> FormPlan | None:
        """How a draft is written in stages; None: in one go."""
        form = take_form(self._engine, ruling, plan, prompt, self._rng_seed, sequence)
        rests = ruling.voice_leading == "strict" and _has_chords(plan.given)
        has_critic = self._choice(plan.given.style, sequence).critic is not None
        if not rests and not has_critic:
            return form
        stage_bars = self._advice(plan.given.style).critic_bars if has_critic else RESTS_BARS
        form = form or FormPlan((None,) * self._bars)
        return replace(form, comes_to_rest=rests, stage_bars=stage_bars)

    def _choice(self, style: str, sequence: int) -> Choice:
        """How one of several drafts of a stage is kept: by the critic of the style, unless the
        network is to write by itself.
        """
        if self._request.drafts == 1 or self._request.form == NO_FORM:
            return FIRST
        critic = self._engine.critic(style)
        if critic is None:
            return FIRST
        stream = (self._rng_seed, sequence)
        return Choice(critic, self._advice(style).critic_drafts, stream)

    def plan(self, piece: Piece) -> Plan:
        """The plan that a piece is the result of: all its tracks are open."""
        return self._planned(piece.replace(notes=piece.notes[:0]))[0]

    def _planned(self, header: Piece) -> tuple[Plan, Ruling]:
        end = self._bars * header.meters[0].bar_steps
        places = tuple(Place(track, 0, end) for track in range(len(header.tracks)))
        n_new = len(header.tracks) if self._programs else 0
        plan = Plan(header, places, is_continuation=True, n_new_tracks=n_new)
        request = with_settled_form(self._request, self._advice(header.style).form)
        ranges = self._ranges(header) if request.in_character else {}
        return plan, ruling_for(request, plan, characters=ranges, style=header.style)

    def _ranges(self, header: Piece) -> dict[int, Character]:
        """The ranges of the tracks, where music of the style is often written for them."""
        row = tuple(DRUM_PROGRAM if one.is_drum else one.program for one in header.tracks)
        bounds = self._engine.coverage.ranges_of(header.style, row)
        return {track: character_in_range(*pair) for track, pair in enumerate(bounds)}

    def _ranges_written(self, generator: Generator, n_tracks: int) -> dict[int, Character]:
        """The ranges by which a piece was written, by its tracks that are left."""
        whole = written_piece(generator.score)
        if not self._request.in_character:
            return {}
        ranges, kept = self._ranges(whole), range(n_tracks)
        if n_tracks < len(whole.tracks):
            kept = with_sounding_tracks(whole)[1].tolist()
        return {new: ranges[old] for new, old in enumerate(kept) if old in ranges}

    def _advice(self, style: str) -> FromNothing:
        """What the model recommends for a style: all of it, or where a form that belongs to it is
        refused nothing of it.
        """
        advice = self._engine.from_nothing.get(style, self._usual)
        is_refused = advice.form is not None and self._request.form == NO_FORM
        return self._usual if is_refused else advice

    def _sampling(self, style: str) -> Sampling:
        """How music of a style is drawn: as asked, else as recommended."""
        return self._request.sampling(self._advice(style).sampling)

    def draft(self, sequences: Sequence[int]) -> list[Draft]:
        """A draft for each random stream, and how it was written in stages, if it has a form."""
        generators = in_shares(self._engine, self._compose, sequences, self._request.threads)
        return [
            (self._finished(generator), generator, self._formed.get(sequence))
            for generator, sequence in zip(generators, sequences, strict=True)
        ]

    def _compose(self, share: Sequence[int]) -> list[Generator]:
        begun = {i: self._begin(i) for i in share}
        formed = [i for i in share if i in self._formed]
        others = [i for i in share if i not in self._formed]
        done: dict[int, Generator] = {}
        for some, compose in (
            (formed, self._compose_in_stages),
            (others, self._compose_at_once),
        ):
            if some:
                done |= zip(some, compose(some, [begun[i] for i in some]), strict=True)
        return [done[i] for i in share]

    def _compose_at_once(
        self, share: Sequence[int], opened: list[Generator]
    ) -> Sequence[Generator]:
        run_together(opened)
        if not self._closes:
            return opened
        again = self._again(share, opened)
        return close_all(opened, lambda i, stream: again(i, stream, 1.0), self._key)

    def _compose_in_stages(
        self, share: Sequence[int], opened: list[Generator]
    ) -> Sequence[Generator]:
        formed = [self._formed[i] for i in share]
        again = self._again(share, opened)
        write_stages(opened, formed, again, self._key, closes_later=self._closes)
        if self._closes:
            return close_with_forms(opened, formed, again, self._key)
        return opened

    def _again(self, share: Sequence[int], opened: Sequence[Generator]) -> Again:
        """What makes generators that go on from where those of a share stand."""
        styles = [written_piece(one.score).style for one in opened]
        sampling = cache(lambda style, warmth: self._sampling(style).warmed(warmth))

        def again(i: int, stream: int, warmth: float) -> Generator:
            generator = new_generator(
                self._engine,
                opened[i].capacity,
                sampling(styles[i], warmth),
                self._rng_seed,
                share[i] + stream,
            )
            generator.copy_state_from(opened[i])
            return generator

        return again

    def _finished(self, generator: Generator) -> Piece:
        piece = in_general_midi(written_piece(generator.score))
        if len(piece.notes) and not self._programs:  # what the network chose and left silent
            piece, _ = with_sounding_tracks(piece)
        piece = piece.replace(
            tempos=(self._tempo,),
            key=self._key or piece.key,
            length_steps=self._bars * piece.meters[0].bar_steps,
        )
        if piece.style in self._engine.coverage.even:
            piece = without_dynamics(piece)
        _, ruling = self._planned(piece.replace(notes=piece.notes[:0]))
        if self._closes:
            closed = closed_by_hand(piece)
            if closed is not piece and not self._breaks(closed) - self._breaks(piece):
                piece = closed
        return piece.replace(notes=ruling.finished(piece.notes))

    def _breaks(self, piece: Piece) -> set[str]:
        """The rules on pitch, which come before the ending, that a piece does not keep."""
        rules = ("scale", "pitch_range", "chords", "playable", "voice_leading")
        plan, ruling = self._planned(piece.replace(notes=piece.notes[:0]))
        if ruling.voice_leading == "free" and all(
            getattr(self._request, name) == CONTROLS[name].default for name in rules[:-1]
        ):
            return set()
        report = make_report(self._request, ruling, plan, piece, piece.notes)
        return {name for name in rules if name in report and report[name]["kept"] is False}

    def take(self, piece: Piece, generator: Generator, formed: Formed | None) -> Take:
        """A draft as a result."""
        plan, ruling = self._planned(piece.replace(notes=piece.notes[:0]))
        ruling = replace(ruling, characters=self._ranges_written(generator, len(piece.tracks)))
        n_notes = len(piece.notes)
        if formed is not None:
            plan = replace(plan, form=formed.form)
            n_notes = formed.free_notes(piece.notes)
        report = make_report(self._request, ruling, plan, piece, piece.notes)
        nats = -generator.log_prob / n_notes if n_notes else float("nan")
        return Take(piece, self._rng_seed, report, piece.notes, nats)


def _prompt(plan: Plan, bars: int) -> Prompt:
    """What the network reads before the first note: a header."""
    return Prompt(
        context=plan.given,
        is_slot=np.empty(0, bool),
        places=plan.places,
        offset=0,
        tracks=np.arange(len(plan.given.tracks), dtype=np.uint16),
        total_bars=bars,
        remarks=(),
    )


def _has_chords(header: Piece) -> bool:
    """Whether a piece has parts enough to rest on a chord."""
    return sum(not track.is_drum for track in header.tracks) >= LEAST_PARTS
