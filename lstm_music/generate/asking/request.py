"""Request: all that one can ask of a composer, as one table."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.generate.asking.controls import Control, control, controls_of
from lstm_music.generate.asking.piece_controls import TASKS, PieceControls
from lstm_music.nn.sampling import Sampling

VOICE_LEADINGS = ("strict", "free")

RANKS = ("drawn", "likelihood", "join", "difference")

_SEEDED = ("infill", "accompany", "vary")
_FROM_NOTHING = ("with_", "key", "tempo_bpm", "ending")
_OF_A_SEED = ("from_bar", "seed_bars", "pickup")
RULES, WISHES = "Rules (kept exactly)", "Wishes (kept roughly)"
_DRAWING, _TAKES = "Sampling", "Takes"


@dataclass(frozen=True, eq=False)
class Request(PieceControls):
    """What is asked. Fields that are None are left to the network or the model's card.

    Tracks and bars are counted from 1, as in a score; a pickup is bar 0. What holds "by track" is
    one value for all open tracks, or a dict by number of the track. Beside the two parameters
    below, each control of `docs/controls.md` is an argument of the same name.

    Parameters
    ----------
    task : ``generate`` (continue a seed, or compose from nothing), ``infill``, ``accompany`` or
        ``vary``.
    seed : a Piece, or a path, bytes or an open file of music; None: from nothing.

    Raises
    ------
    ConfigError : a value is of the wrong kind or out of range, or has no place in this task.
    """

    scale: str | None = control(
        "text", None, 'Pitches allowed: "D dorian", "C E G B", ... Drums are exempt.', group=RULES
    )
    scale_fit: str = control(
        "choice",
        "strict",
        "strict: no other pitch; mostly: other pitches are rare.",
        group=RULES,
        choices=("strict", "mostly"),
    )
    pitch_range: Any = control(
        "range by track",
        None,
        "Lowest and highest pitch: 48-84 for all tracks, or 1:60-84,2:36-60.",
        group=RULES,
        unit="(MIDI pitch)",
        low=0,
        high=127,
    )
    max_polyphony: Any = control(
        "number by track", None, "Most notes at once in a track.", group=RULES, low=1, high=64
    )
    min_duration: int | None = control(
        "note value", None, "Shortest note, such as 1/16. Drums are exempt.", group=RULES
    )
    max_duration: int | None = control(
        "note value", None, "Longest note, such as 1/2. Drums are exempt.", group=RULES
    )
    grid: int | None = control(
        "note value", None, "Onsets only on multiples of this from the bar line: 1/8.", group=RULES
    )
    velocity_range: Any = control(
        "range", None, "Softest and loudest velocity: 40-100.", group=RULES, low=1, high=127
    )
    min_density: Any = control(
        "number by track", None, "Fewest onsets in a bar of a track.", group=RULES, low=0, high=64
    )
    max_density: Any = control(
        "number by track", None, "Most onsets in a bar of a track.", group=RULES, low=0, high=64
    )
    rests: bool = control(
        "switch", True, "Whether a written track may be silent between its notes.", group=RULES
    )
    playable: bool = control(
        "switch",
        False,
        "Only what players can play: the range of the instrument, two hands on a keyboard, two "
        "hands and two feet at the drums.",
        group=RULES,
    )
    in_character: bool = control(
        "switch",
        True,
        "Whether tracks keep about their range, kit and density; new ones suit their instrument.",
        group=RULES,
        tasks=("generate", "infill", "accompany"),
    )
    chords: str | None = control(
        "text",
        None,
        'Chords: "Dm7 | G7 | Cmaj7 | %", bar by bar, % for the same again; "seed" for the chord '
        'symbols in the file; "found" for the harmony of its notes.',
        group=RULES,
    )
    chords_fit: str = control(
        "choice",
        "strict",
        "strict: only chord tones begin on beats; loose: other pitches are rarer everywhere.",
        group=RULES,
        choices=("strict", "loose"),
    )
    voice_leading: str | None = control(
        "choice",
        None,
        "strict: no parallel fifths, octaves or unisons between tracks, and no crossing parts. "
        "Default: strict in the styles chorale and hymn, else free.",
        group=RULES,
        choices=VOICE_LEADINGS,
    )

    density: Any = control(
        "number by track", None, "Onsets in each bar of a track.", group=WISHES, low=0, high=16
    )
    polyphony: Any = control(
        "number by track", None, "How many notes begin together.", group=WISHES, low=1, high=5
    )
    register: Any = control(
        "number by track", None, "Mean pitch.", group=WISHES, unit="(MIDI pitch)", low=0, high=127
    )
    duration: Any = control(
        "number by track",
        None,
        "Mean length of the notes.",
        group=WISHES,
        unit="quarter notes",
        low=0.05,
        high=16,
    )

    temperature: float | None = control(
        "number",
        None,
        "Below 1 safer, above 1 bolder. Default: what the model recommends, else 0.9.",
        group=_DRAWING,
        low=0.001,
        high=100,
    )
    temperature_rhythm: float | None = control(
        "number", None, "Temperature of rhythm alone.", group=_DRAWING, low=0.001, high=100
    )
    temperature_pitch: float | None = control(
        "number", None, "Temperature of pitch alone.", group=_DRAWING, low=0.001, high=100
    )
    top_k: int | None = control(
        "integer",
        None,
        "Draw only from this many of the likeliest tokens; 0: from all. Default: what the model "
        "recommends, else 0.",
        group=_DRAWING,
        low=0,
    )
    top_p: float | None = control(
        "number",
        None,
        "Draw only from the likeliest tokens that together hold this share. Default: what the "
        "model recommends, else 0.95.",
        group=_DRAWING,
        low=0,
        high=1,
    )
    min_p: float | None = control(
        "number",
        None,
        "Leave out tokens less likely than this share of the likeliest. Default: what the model "
        "recommends, else 0.",
        group=_DRAWING,
        low=0,
        high=1,
    )
    typical_p: float | None = control(
        "number",
        None,
        "Draw from the most typical tokens that together hold this share; 1: from all.",
        group=_DRAWING,
        low=0,
        high=1,
    )
    surprise: float | None = control(
        "number",
        None,
        "Leave out the likeliest tokens that together hold this share; 0: none.",
        group=_DRAWING,
        low=0,
        high=1,
    )
    repetition_penalty: float | None = control(
        "number", None, "Makes recent pitches less likely; 1: off.", group=_DRAWING, low=1, high=100
    )
    no_repeat_ngram: int | None = control(
        "integer",
        None,
        "No run of this many tokens twice; 0: off.",
        group=_DRAWING,
        low=0,
        high=4096,
    )
    beam: int = control(
        "integer",
        1,
        "Draw each bar this many times and keep the likeliest; 1: off.",
        group=_DRAWING,
        low=1,
        high=64,
    )

    n: int = control("integer", 1, "How many takes to write.", group=_TAKES, low=1, high=999)
    rank: str = control(
        "choice",
        "drawn",
        "Order of the takes: as drawn; by likelihood, likeliest first; by how well they join what "
        "follows; or by difference, each as unlike the earlier ones as possible.",
        group=_TAKES,
        choices=RANKS,
    )
    drafts: int | None = control(
        "integer",
        None,
        "Make up to this many drafts of each take, until one has no fault. Default: 8 from "
        "nothing, 4 to complete a file, 1 to continue one.",
        group=_TAKES,
        low=1,
        high=1000,
    )
    max_copy: int | None = control(
        "integer",
        None,
        "Longest run of notes that may also be in the training music.",
        group=_TAKES,
        unit="notes",
        low=8,
    )
    rng_seed: int | None = control(
        "integer",
        None,
        "The same number gives the same music. Default: a new number, which is printed.",
        group=_TAKES,
        low=0,
        high=2**63 - 1,
    )
    threads: int | None = control(
        "integer",
        None,
        "Default: one for each core. The music does not depend on it.",
        group=_TAKES,
        low=1,
        high=256,
    )

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ConfigError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")
        for name, row in CONTROLS.items():
            value = getattr(self, name)
            if self.task not in row.tasks and value != row.default:
                raise ConfigError(f"{name} is for {' and '.join(row.tasks)}, not for {self.task}")
            object.__setattr__(self, name, row.parse(value))
        if self.seed is None and self.task in _SEEDED:
            raise ConfigError(f"{self.task} needs a piece of music")
        if self.task == "generate":
            out_of_place = _OF_A_SEED if self.seed is None else _FROM_NOTHING
            whose = "seed" if self.seed is None else "piece from nothing"
            for name in out_of_place:
                if getattr(self, name) is not None:
                    raise ConfigError(f"{name} is for a {whose}; leave it out")
            self._check_form()
        self.sampling(Sampling())

    def sampling(self, advice: Sampling) -> Sampling:
        """How tokens are drawn: as asked, else as advised.

        A temperature that is asked for holds for rhythm and pitch, whatever is advised for these.

        Raises
        ------
        ConfigError : a setting is out of range.
        """
        if self.temperature is not None:
            advice = replace(advice, temperature_rhythm=None, temperature_pitch=None)
        names = [one.name for one in fields(Sampling) if one.name in CONTROLS]
        return advice.but(**{name: getattr(self, name) for name in names})

    def _check_form(self) -> None:
        if not self.has_form:
            return
        if self.form is not None and self.form_of is not None:
            raise ConfigError("give form or form_of, not both")
        if self.beam > 1:
            raise ConfigError("beam cannot be combined with a form; leave one of them out")
        self.sections()


CONTROLS: dict[str, Control] = {}
CONTROLS.update(controls_of(Request))
