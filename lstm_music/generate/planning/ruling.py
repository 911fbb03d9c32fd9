"""From a request to masks that the loop applies, and to wishes and chords that are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.request import Request
from lstm_music.generate.leans import Leans
from lstm_music.generate.planning.character import Character
from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.prompt import Prompt
from lstm_music.generate.rules import DRUMMER, HANDS, Rules
from lstm_music.music.distinct import distinct
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.instruments.drum_keys import PAD_KEYS, has_pad_keys
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.instruments.playable import KEYBOARD_PROGRAMS
from lstm_music.music.piece import Piece
from lstm_music.music.places import begins_in
from lstm_music.tokens.streams import MAX_TRACKS
from lstm_music.tokens.wishes import Measures, wish_values
from lstm_music.types import NoteArray

if TYPE_CHECKING:  # imported where there is a scale or a chord
    from lstm_music.music.harmony.scale import Scale
    from lstm_music.music.harmony.track import ChordTrack

_N_LIMITS = 8
_POLYPHONY, _SHORTEST, _LONGEST, _GRID, _FEWEST, _MOST, _REST, _PLAYER = range(_N_LIMITS)
_UNLIKELY = -3.0
"""Nats that a pitch outside the scale, or outside a loosely kept chord, is less likely by."""

_FEW_PITCHES = 3
"""Where what is asked leaves a track's character fewer than these, what is asked holds alone."""

_NEAR = 0.25
"""A density that is wished may be off by this share in a bar."""

_STRICT_STYLES = ("chorale", "hymn")
"""Their parts move in no parallels and do not cross, unless asked otherwise."""

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Ruling:
    """What a result is to keep to.

    Parameters
    ----------
    request : where the numbers are.
    scale : parsed; None: any pitch.
    chords : in steps of the plan's piece; None: any.
    longest_rest_steps : of an open track, -1 for any.
    characters : by index of the track in the plan's piece: bounds that hold where the request
        sets none.
    style : of the music, as the network is told it; "" for none.
    """

    request: Request
    scale: Scale | None
    chords: ChordTrack | None
    longest_rest_steps: int = -1
    characters: Mapping[int, Character] = field(default_factory=dict)
    style: str = ""

    def asked_anew(
        self, request: Request, plan: Plan, characters: Mapping[int, Character]
    ) -> Ruling:
        """What a changed request for the same plan is to keep to.

        Raises
        ------
        ConfigError : no such scale or chord, or the seed has no chord symbols.
        """
        return ruling_for(request, plan, self.longest_rest_steps, characters, self.style)

    @property
    def voice_leading(self) -> str:
        """``strict`` or ``free``: as asked, else as the style has it."""
        if self.request.voice_leading is not None:
            return self.request.voice_leading
        is_strict = self.style in _STRICT_STYLES and self.request.keep != "pitch"
        return "strict" if is_strict else "free"

    def conditioning(
        self, prompt: Prompt, plan: Plan
    ) -> tuple[
        npt.NDArray[np.uint8] | None, npt.NDArray[np.uint8] | None, npt.NDArray[np.intc] | None
    ]:
        """Wishes, wished onsets and chords as ``Conditioning`` takes them; None where there are
        none.
        """
        return *self._wishes(prompt), self._chord_rows(prompt)

    def _wishes(
        self, prompt: Prompt
    ) -> tuple[npt.NDArray[np.uint8] | None, npt.NDArray[np.uint8] | None]:
        request = self.request
        asked = (request.density, request.polyphony, request.register, request.duration)
        if all(wish is None for wish in asked):
            return None, None
        lines = prompt.context.bar_lines
        shape = (lines.bar_at(prompt.end_steps - 1) + 1, MAX_TRACKS)
        values = [np.full(shape, np.nan) for _ in asked]
        onsets = np.full(shape[0], np.nan)
        for place in prompt.places:
            bars = slice(lines.bar_at(place.start_steps), lines.bar_at(place.end_steps - 1) + 1)
            track = int(prompt.tracks[place.track])
            for column, wish in zip(values, asked):
                if (wanted := of_track(wish, track)) is not None:
                    column[bars, place.track] = wanted
            if len({p.track for p in prompt.places}) == 1:
                onsets[bars] = values[0][bars, place.track]
        values[3] *= STEPS_PER_QUARTER
        return wish_values(Measures(values[0], values[1], values[2], values[3], onsets))

    def _chord_rows(self, prompt: Prompt) -> npt.NDArray[np.intc] | None:
        if self.chords is None:
            return None
        from lstm_music.music.harmony.find import QUALITIES

        rows = []
        for onset, chord in zip(self.chords.onset_steps, self.chords.chords):
            known = chord is not None and chord.quality in QUALITIES
            quality = 1 + QUALITIES.index(chord.quality) if chord is not None and known else 0
            rows.append((onset - prompt.offset, 1 if chord is None else 2 + chord.root, quality))
        return np.array([row for row in rows if row[0] >= 0] or rows[-1:], np.intc)

    def finished(self, notes: NoteArray) -> NoteArray:
        """The notes within the range of velocities."""
        if self.request.velocity_range is None:
            return notes
        low, high = self.request.velocity_range
        notes = notes.copy()
        notes["velocity"] = np.clip(notes["velocity"], low, high)
        return notes


def of_track(by_track: dict[int, _T] | None, track: int) -> _T | None:
    """What holds for a track, an index from 0."""
    if by_track is None:
        return None
    return by_track.get(track + 1, by_track.get(0))


def ruling_for(
    request: Request,
    plan: Plan,
    longest_rest_steps: int = -1,
    characters: Mapping[int, Character] | None = None,
    style: str = "",
) -> Ruling:
    """Read what a request says in words.

    Raises
    ------
    ConfigError : no such scale or chord, or the seed has no chord symbols.
    """
    scale = None if request.scale is None else _scale(request.scale)
    chords = None if request.chords is None else _chords(request.chords, plan)
    return Ruling(request, scale, chords, longest_rest_steps, characters or {}, style)


def _scale(text: str) -> Scale:
    from lstm_music.music.harmony.scale import Scale

    return Scale.parse(text)


def _chords(text: str, plan: Plan) -> ChordTrack:
    from lstm_music.music.harmony.find import find_chords
    from lstm_music.music.harmony.progression import parse_chords
    from lstm_music.music.harmony.written import written_chords

    given = plan.given
    if text == "seed":
        found = written_chords(given)
        if found is None:
            raise ConfigError(
                'the seed has no chord symbols; give the chords, or "found" to take its harmony'
            )
        return found
    if text == "found":
        return find_chords(_whole(plan))
    return parse_chords(
        text, given.bar_lines, start_steps=plan.start_steps, end_steps=plan.end_steps
    )


def _whole(plan: Plan) -> Piece:
    """The piece with what gave way."""
    return plan.given.replace(notes=np.concatenate([plan.given.notes, plan.replaced]))


def rules_for(ruling: Ruling, plan: Plan, prompt: Prompt) -> Rules:
    """The masks of the loop, in the steps and tracks of the prompt."""
    pitches = np.zeros((MAX_TRACKS, 128), np.uint8)
    limits = np.zeros((MAX_TRACKS, _N_LIMITS), np.intc)
    for i, track in enumerate(prompt.tracks.tolist()):
        pitches[i] = written_pitches(ruling, plan, track)
        limits[i] = _limits(ruling, plan.given, track)
    return Rules(
        prompt.places if plan.writes_freely else (),
        pitches,
        limits,
        _chord_bits(ruling, prompt),
        ruling.request.chords_fit == "strict",
        _order(plan, prompt),
        prompt.end_steps,
        _rings(plan, prompt) if plan.writes_freely else None,
    )


def leans_for(ruling: Ruling, plan: Plan, prompt: Prompt, rules: Rules) -> Leans | None:
    """What is made likelier beside the rules; None: nothing is."""
    request = ruling.request
    scale = ruling.scale if request.scale_fit == "mostly" else None
    wishes = np.zeros((MAX_TRACKS, 3), np.float32)
    pulls = np.zeros((MAX_TRACKS, 128), np.float32)
    for i, track in enumerate(prompt.tracks.tolist()):
        wishes[i, 0] = of_track(request.register, track) or 0
        wishes[i, 1] = STEPS_PER_QUARTER * (of_track(request.duration, track) or 0)
        wishes[i, 2] = of_track(request.polyphony, track) or 0
        if scale is not None and not plan.given.tracks[track].is_drum:
            pulls[i, ~scale.mask()[np.arange(128) % 12]] = _UNLIKELY
    chord = _UNLIKELY if ruling.chords is not None and request.chords_fit == "loose" else 0.0
    if not wishes.any() and not pulls.any() and not chord:
        return None
    return Leans(rules, pulls, wishes, chord)


def _rings(plan: Plan, prompt: Prompt) -> list[int]:
    """How far notes of each place may ring: as far as what gave way did, to leave no hole."""
    found = []
    for track, start, end in prompt.places:
        place = (int(prompt.tracks[track]), start + prompt.offset, end + prompt.offset)
        gone = plan.replaced[begins_in(plan.written_replaced, [place])]
        rang = (gone["onset_steps"] + gone["duration_steps"]).max(initial=0) - prompt.offset
        found.append(max(end, int(rang)) if not plan.is_continuation else end)
    return found


def allowed_pitches(ruling: Ruling, piece: Piece, track: int) -> npt.NDArray[np.bool_]:
    """Which pitches a track may have, (128,), chords apart."""
    request, one = ruling.request, piece.tracks[track]
    allowed = np.ones(128, bool)
    if bounds := of_track(request.pitch_range, track):
        allowed[: bounds[0]] = allowed[bounds[1] + 1 :] = False
    if one.is_drum:
        for pad, key in PAD_KEYS.items():  # another kit sounds it as this key
            allowed[pad] &= allowed[key]
        return allowed
    if request.playable:
        low, high = SOUNDING_RANGES[one.program]
        allowed[:low] = allowed[high + 1 :] = False
    if ruling.scale is not None and request.scale_fit == "strict":
        allowed &= ruling.scale.mask()[np.arange(128) % 12]
    return allowed


def written_pitches(ruling: Ruling, plan: Plan, track: int) -> npt.NDArray[np.bool_]:
    """Which pitches may be written in a track, (128,): those allowed that are in its character,
    if there is one and leaves enough of them.

    Keys that are finished into another could strike it while it sounds, or what is given.
    """
    allowed = allowed_pitches(ruling, plan.given, track)
    is_kit = plan.given.tracks[track].is_drum
    if is_kit and not plan.is_continuation and not has_pad_keys(_whole(plan)):
        allowed[list(PAD_KEYS)] = False
    character = ruling.characters.get(track)
    if character is not None and (allowed & character.pitches).sum() >= _FEW_PITCHES:
        allowed = allowed & character.pitches
    return allowed


def _limits(ruling: Ruling, piece: Piece, track: int) -> list[int]:
    request, one = ruling.request, piece.tracks[track]
    row = [0] * _N_LIMITS
    row[_POLYPHONY] = int(of_track(request.max_polyphony, track) or 0)
    row[_SHORTEST] = 0 if one.is_drum else request.min_duration or 0
    row[_LONGEST] = 0 if one.is_drum else request.max_duration or 0
    row[_GRID] = request.grid or 0
    row[_FEWEST] = int(np.ceil(of_track(request.min_density, track) or 0))
    most = of_track(request.max_density, track)
    row[_MOST] = -1 if most is None else int(most)
    if (wish := of_track(request.density, track)) is not None:
        near, far = int(np.ceil(wish * (1 - _NEAR))), int(wish * (1 + _NEAR))
        if near > far:  # no whole number is so near
            near, far = int(wish), int(np.ceil(wish))
        row[_FEWEST] = row[_FEWEST] or near
        row[_MOST] = max(far, 1) if most is None else row[_MOST]
    row[_REST] = ruling.longest_rest_steps if request.rests else 0
    if request.playable:
        is_keyboard = one.program in KEYBOARD_PROGRAMS
        row[_PLAYER] = DRUMMER if one.is_drum else HANDS if is_keyboard else 0
    if (character := ruling.characters.get(track)) is not None:
        _keep_character(row, character, is_drum=one.is_drum)
    return row


def _keep_character(row: list[int], character: Character, *, is_drum: bool) -> None:
    """Set the limits of a track that the request leaves open."""
    row[_POLYPHONY] = row[_POLYPHONY] or character.polyphony
    row[_LONGEST] = row[_LONGEST] or character.longest
    row[_GRID] = row[_GRID] or character.grid
    if row[_MOST] < 0:
        row[_MOST] = max(character.most, row[_FEWEST])
        row[_FEWEST] = row[_FEWEST] or character.fewest
    if character.is_played:
        row[_PLAYER] = DRUMMER if is_drum else HANDS


def _chord_bits(ruling: Ruling, prompt: Prompt) -> list[tuple[int, int]]:
    """Onset and pitch classes of each chord, a bit each; without a chord all."""
    if ruling.chords is None:
        return []
    rows = [
        (
            onset - prompt.offset,
            0xFFF if chord is None else sum(1 << p for p in chord.pitch_classes),
        )
        for onset, chord in zip(ruling.chords.onset_steps, ruling.chords.chords)
    ]
    return [row for row in rows if row[0] >= 0] or rows[-1:]


def _order(plan: Plan, prompt: Prompt) -> list[tuple[int, int, int]]:
    """Track, number of the chord and pitch of the notes whose order is kept."""
    number = {int(track): i for i, track in enumerate(prompt.tracks)}
    rows: list[tuple[int, int, int]] = []
    notes = prompt.replaced if plan.keeps == "pitch" else prompt.replaced[:0]
    for track in distinct(notes["track"]).tolist():
        mine = np.unique(
            notes[notes["track"] == track][["onset_steps", "pitch_midi"]]
        )  # in order of time, then pitch
        chords = np.unique(mine["onset_steps"], return_inverse=True)[1]
        rows += [(number[track], int(c), int(p)) for c, p in zip(chords, mine["pitch_midi"])]
    return rows
