"""Request: all that one can ask of a composer, as one table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.generate.controls import Control, control, controls_of
from lstm_music.nn.sampling import Sampling

TASKS = ("generate", "infill", "accompany", "vary")
KEEPS = ("rhythm", "pitch", "outline")
"""What `vary` keeps: all onsets and durations; the pitches in order; the notes on the beats."""

ENDINGS = ("tonic", "free")
"""``tonic``: the last bars are drawn again until the bass ends on the tonic of the key, of several
such endings the first that the network itself takes for one; ``free``: drawn once."""

VOICE_LEADINGS = ("strict", "free")

RANKS = ("drawn", "likelihood", "join", "difference")

_SEEDED = ("infill", "accompany", "vary")
_FROM_NOTHING = ("with_", "key", "tempo_bpm", "ending")
_OF_A_SEED = ("from_bar", "seed_bars", "pickup")
_PIECE, _RULES, _WISHES = "Piece", "Rules (kept exactly)", "Wishes (kept roughly)"
_DRAWING, _TAKES = "Sampling", "Takes"


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked. Fields that are None are left to the network or the model's card.

    Tracks and bars are counted from 1, as in a score; a pickup is bar 0. What holds "by track" is
    one value for all open tracks, or a dict by number of the track.

    Parameters
    ----------
    task : ``generate`` (continue a seed, or compose from nothing), ``infill``, ``accompany`` or
        ``vary``.
    seed : a Piece, or a path, bytes or an open file of music; None: from nothing.

    The others are the rows of ``CONTROLS``; `docs/controls.md` has them as a table.

    Raises
    ------
    ConfigError : a value is of the wrong kind or out of range, or has no place in this task.
    """

    task: str = "generate"
    seed: Any = None

    bars: Any = control(
        "any", None, "How many bars to compose; with a file to complete, which: 5-8.", group=_PIECE
    )
    tracks: Any = control(
        "any",
        None,
        "Tracks to write in, by number, name or role: 1,3 or bass. Default: all with notes.",
        group=_PIECE,
        tasks=("infill", "vary"),
    )
    with_: Any = control(
        "any",
        None,
        "Instruments of the new tracks, or of a piece from nothing: drums,bass or any General MIDI "
        "name.",
        group=_PIECE,
        tasks=("accompany", "generate"),
    )
    keep: str | None = control(
        "choice",
        None,
        "What stays: the rhythm, the pitches in their order, or the notes on the beats.",
        group=_PIECE,
        choices=KEEPS,
        tasks=("vary",),
    )
    amount: float = control(
        "number",
        1.0,
        "Share of the notes that may change, 0 to 1; with keep pitch, of the bars.",
        group=_PIECE,
        low=0,
        high=1,
        tasks=("vary",),
    )
    from_bar: int | None = control(
        "integer",
        None,
        "Continue from this bar of the seed; the new music replaces all notes from there on.",
        group=_PIECE,
        low=2,
        tasks=("generate",),
    )
    seed_bars: Any = control("any", None, "Use only these bars of the seed: 9-16.", group=_PIECE)
    meter: Any = control(
        "any", None, 'Meter, from nothing or in place of the seed\'s: "6/8".', group=_PIECE
    )
    pickup: str | None = control(
        "text",
        None,
        'Length of the seed\'s incomplete first bar, such as "1/8"; "0" if it has none.',
        group=_PIECE,
    )
    key: Any = control(
        "any",
        None,
        'Key of a piece from nothing: "D minor", "Bb major", ...',
        group=_PIECE,
        tasks=("generate",),
    )
    tempo_bpm: float | None = control(
        "number",
        None,
        "Tempo of a piece from nothing. Default: 120.",
        group=_PIECE,
        unit="bpm",
        low=10,
        high=400,
        tasks=("generate",),
    )
    style: str | None = control(
        "text", None, "Style that the model has learnt: chorale, folk, lead, drums.", group=_PIECE
    )
    ending: str | None = control(
        "choice",
        None,
        "How a piece from nothing ends: on the tonic of its key (the default), or freely.",
        group=_PIECE,
        choices=ENDINGS,
        tasks=("generate",),
    )

    scale: str | None = control(
        "text", None, 'Pitches allowed: "D dorian", "C E G B", ... Drums are exempt.', group=_RULES
    )
    scale_fit: str = control(
        "choice",
        "strict",
        "strict: no other pitch; mostly: other pitches are rare.",
        group=_RULES,
        choices=("strict", "mostly"),
    )
    pitch_range: Any = control(
        "range by track",
        None,
        "Lowest and highest pitch: 48-84 for all tracks, or 1:60-84,2:36-60.",
        group=_RULES,
        unit="(MIDI pitch)",
        low=0,
        high=127,
    )
    max_polyphony: Any = control(
        "number by track", None, "Most notes at once in a track.", group=_RULES, low=1, high=64
    )
    min_duration: int | None = control(
        "note value", None, "Shortest note, such as 1/16. Drums are exempt.", group=_RULES
    )
    max_duration: int | None = control(
        "note value", None, "Longest note, such as 1/2. Drums are exempt.", group=_RULES
    )
    grid: int | None = control(
        "note value", None, "Onsets only on multiples of this from the bar line: 1/8.", group=_RULES
    )
    velocity_range: Any = control(
        "range", None, "Softest and loudest velocity: 40-100.", group=_RULES, low=1, high=127
    )
    min_density: Any = control(
        "number by track", None, "Fewest onsets in a bar of a track.", group=_RULES, low=0, high=64
    )
    max_density: Any = control(
        "number by track", None, "Most onsets in a bar of a track.", group=_RULES, low=0, high=64
    )
    rests: bool = control(
        "switch", True, "Whether a written track may be silent between its notes.", group=_RULES
    )
    playable: bool = control(
        "switch",
        False,
        "Only what players can play: the range of the instrument, two hands on a keyboard, two "
        "hands and two feet at the drums.",
        group=_RULES,
    )
    in_character: bool = control(
        "switch",
        True,
        "Whether tracks keep about their range, kit and density; new ones suit their instrument.",
        group=_RULES,
        tasks=("generate", "infill", "accompany"),
    )
    chords: str | None = control(
        "text",
        None,
        'Chords: "Dm7 | G7 | Cmaj7 | %", bar by bar, % for the same again; "seed" for the chord '
        'symbols in the file; "found" for the harmony of its notes.',
        group=_RULES,
    )
    chords_fit: str = control(
        "choice",
        "strict",
        "strict: only chord tones begin on beats; loose: other pitches are rarer everywhere.",
        group=_RULES,
        choices=("strict", "loose"),
    )
    voice_leading: str | None = control(
        "choice",
        None,
        "strict: no parallel fifths, octaves or unisons between tracks, and no crossing parts. "
        "Default: strict in the styles chorale and hymn, else free.",
        group=_RULES,
        choices=VOICE_LEADINGS,
    )

    density: Any = control(
        "number by track", None, "Onsets in each bar of a track.", group=_WISHES, low=0, high=16
    )
    polyphony: Any = control(
        "number by track", None, "How many notes begin together.", group=_WISHES, low=1, high=5
    )
    register: Any = control(
        "number by track", None, "Mean pitch.", group=_WISHES, unit="(MIDI pitch)", low=0, high=127
    )
    duration: Any = control(
        "number by track",
        None,
        "Mean length of the notes.",
        group=_WISHES,
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
        "integer", None, "No run of so many tokens twice; 0: off.", group=_DRAWING, low=0, high=4096
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
        "Draw each take up to this many times until nothing is wrong with it. Default: 8 from "
        "nothing, 4 to complete a file, 1 to continue one.",
        group=_TAKES,
        low=1,
        high=1000,
    )
    max_copy: int | None = control(
        "integer",
        None,
        "Longest run of notes that may stand in the training music, too.",
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
        self.sampling(Sampling())

    def sampling(self, advice: Sampling) -> Sampling:
        """How tokens are drawn: as asked, else as advised.

        Raises
        ------
        ConfigError : a setting is out of range.
        """
        names = [one.name for one in fields(Sampling) if one.name in CONTROLS]
        return advice.but(**{name: getattr(self, name) for name in names})

    def bar_count(self) -> int:
        """How many bars `generate` is to compose.

        Raises
        ------
        ConfigError : no whole number, 1 or more.
        """
        bars = 8 if self.bars is None else self.bars
        if isinstance(bars, str) and bars.strip().isdecimal():
            bars = int(bars)
        if isinstance(bars, bool) or not isinstance(bars, int) or not 1 <= bars <= MOST_BARS:
            raise ConfigError(f"bars must be a whole number, 1..{MOST_BARS}, got {self.bars!r}")
        return bars


MOST_BARS = 1024

CONTROLS: dict[str, Control] = {}
CONTROLS.update(controls_of(Request))
