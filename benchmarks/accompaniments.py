"""Accompaniments of known meter, made by rule: oom-pah, waltz, stride, arpeggios, ostinatos, pads,
block chords, drum loops. Scores and tunes hold little of the kind, and users bring much of it.

Each begins on a bar line, so it has no pickup. What is left to chance: harmony and how often it
changes, register, lengths, velocities, the number of bars, one track or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

METERS = {
    (4, 4): 0.4,
    (2, 4): 0.15,
    (3, 4): 0.2,
    (6, 8): 0.12,
    (12, 8): 0.04,
    (9, 8): 0.03,
    (5, 4): 0.06,
}
"""How often each meter comes."""

BARS = (2, 4, 8, 8, 16, 32)
_DEGREES = (0, 0, 5, 7, 9, 2, 4)  # roots of chords above the tonic, semitones
_MINOR = {2, 4, 9}

# (onset, length, semitones above the root's bass note, loudness 0..1); steps within a bar
_Note = tuple[int, int, int, float]
_Bar = list[_Note]


def accompaniments(count: int, rng_seed: int = 0) -> Iterator[Piece]:
    """``count`` pieces that state their meter, of every kind in turn."""
    rng = np.random.default_rng(rng_seed)
    meters, shares = list(METERS), np.array(list(METERS.values()))
    for index in range(count):
        kind = list(KINDS)[index % len(KINDS)]
        meter = Meter(0, *meters[rng.choice(len(meters), p=shares / shares.sum())])
        yield _piece(kind, meter, rng, f"{kind}:{rng_seed}:{index}")


def _piece(kind: str, meter: Meter, rng: np.random.Generator, name: str) -> Piece:
    bars = int(rng.choice(BARS))
    is_drum = kind == "drums"
    roots = _harmony(bars, kind, rng)
    tonic, flat = int(rng.integers(31, 48)), rng.random() < 0.5
    gate = float(rng.choice([0.5, 0.8, 0.96, 1.0]))
    two_tracks = not is_drum and rng.random() < 0.5
    make_bar = KINDS[kind](meter, rng)
    rows = []
    for bar, root in enumerate(roots):
        for onset, length, above, loud in make_bar(root, bar):
            velocity = 80 if flat else int(np.clip(70 + 30 * loud + rng.normal(0, 6), 1, 127))
            pitch = above if is_drum else tonic + root + above
            rows.append(
                (
                    bar * meter.bar_steps + onset,
                    max(int(length * gate), 1),
                    pitch,
                    velocity,
                    int(two_tracks and above >= 12),
                )
            )
    tracks = (Track(is_drum=is_drum), Track(32)) if two_tracks else (Track(is_drum=is_drum),)
    return Piece(notes=make_notes(rows), tracks=tracks, meters=(meter,), source=f"made:{name}")


def _harmony(bars: int, kind: str, rng: np.random.Generator) -> list[int]:
    """The root of each bar, above the tonic; an ostinato stays on one."""
    hold = int(rng.choice([1, 1, 2, 4])) if kind != "ostinato" else bars
    chosen = [0]
    while len(chosen) < bars:
        others = [degree for degree in _DEGREES if degree != chosen[-1]]
        chosen.append(int(rng.choice(others)))
    return [chosen[bar // hold] for bar in range(bars)]


def _chord(root: int, octave: int) -> tuple[int, ...]:
    return (octave, octave + (3 if root in _MINOR else 4), octave + 7)


def _is_compound(meter: Meter) -> bool:
    return meter.denominator == 8


def _beat(meter: Meter) -> int:
    return 36 if _is_compound(meter) else STEPS_PER_QUARTER


_Maker = Callable[[int, int], _Bar]


def _oom_pah(meter: Meter, rng: np.random.Generator) -> _Maker:
    """Bass on the strong beats, chords on the others, or after each beat."""
    after_beats = _is_compound(meter) or (meter.numerator != 3 and rng.random() < 0.35)
    alternates, octave = rng.random() < 0.6, int(rng.choice([12, 24]))
    beat = _beat(meter)
    beats = meter.bar_steps // beat
    unit = 12 if after_beats else beat

    def bar(root: int, index: int) -> _Bar:
        notes: _Bar = []
        for place in range(0, meter.bar_steps, unit):
            count = place // beat
            strong = place % beat == 0 if after_beats else count == 0 or (beats == 4 and count == 2)
            if strong:
                turn = (count // (1 if after_beats else 2) + index * (beats < 4)) % 2
                above = (7 if rng.random() < 0.5 else -5) if alternates and turn else 0
                notes.append((place, unit, above, 1.0 if count == 0 else 0.7))
            else:
                notes += [(place, unit, above, 0.2) for above in _chord(root, octave)]
        return notes

    return bar


def _stride(meter: Meter, rng: np.random.Generator) -> _Maker:
    """Octaves or tenths low down, chords in the middle."""
    plain = _oom_pah(meter, rng)

    def bar(root: int, index: int) -> _Bar:
        notes = plain(root, index)
        low = [(o, n, a + 12, v) for o, n, a, v in notes if a < 12]
        return notes + low

    return bar


def _arpeggio(meter: Meter, rng: np.random.Generator) -> _Maker:
    """Alberti bass, broken chords up, or up and down; each figure fills a beat, two or a bar."""
    unit = 12 if _is_compound(meter) else int(rng.choice([6, 12]))
    octave = int(rng.choice([0, 12]))
    shape = str(rng.choice(["alberti", "up", "up and down", "wide"]))
    beats_a_figure = 1 if _is_compound(meter) or meter.numerator == 3 or unit == 6 else 2
    if rng.random() < 0.3:
        beats_a_figure = meter.bar_steps // _beat(meter)
    length = beats_a_figure * _beat(meter) // unit

    def bar(root: int, index: int) -> _Bar:
        one, third, fifth = _chord(root, octave)
        tones = {
            "alberti": [one, fifth, third, fifth],
            "up": [one, third, fifth, one + 12, third + 12, fifth + 12],
            "up and down": [one, third, fifth, one + 12, fifth, third],
            "wide": [one, fifth, one + 12, third + 12, one + 12, fifth],
        }[shape]
        if length in {3, 6} and shape == "alberti":
            tones = [one, third, fifth] if length == 3 else [one, fifth, third, fifth, third, fifth]
        return [
            (place, unit, tones[place // unit % length % len(tones)], 0.6 if not place else 0.3)
            for place in range(0, meter.bar_steps, unit)
        ]

    return bar


def _ostinato(meter: Meter, rng: np.random.Generator) -> _Maker:
    """A bass line of a bar, played again and again: riffs, boogie, walking bass."""
    unit = 12 if _is_compound(meter) or rng.random() < 0.6 else STEPS_PER_QUARTER
    later = range(unit, meter.bar_steps, unit)
    places = [0, *(p for p in later if rng.random() < (0.6 if p % _beat(meter) else 0.9))]
    tones = [0, *(int(tone) for tone in rng.choice([0, 4, 5, 7, 9, 10, 12], len(places) - 1))]
    ends = [*places[1:], meter.bar_steps]

    def bar(root: int, index: int) -> _Bar:
        return [
            (place, end - place, tone, 0.8 if not place else 0.4)
            for place, end, tone in zip(places, ends, tones, strict=True)
        ]

    return bar


def _riff(meter: Meter, rng: np.random.Generator) -> _Maker:
    """An ostinato that moves with the harmony."""
    return _ostinato(meter, rng)


def _pads(meter: Meter, rng: np.random.Generator) -> _Maker:
    """A chord a bar, or one and a shorter one."""
    halves = rng.random() < 0.3 and not _is_compound(meter) and meter.numerator != 3
    octave = int(rng.choice([12, 24]))

    def bar(root: int, index: int) -> _Bar:
        step = meter.bar_steps // 2 if halves else meter.bar_steps
        tones = (0, *_chord(root, octave))
        return [
            (place, step, above, 0.5)
            for place in range(0, meter.bar_steps, step)
            for above in tones
        ]

    return bar


def _blocks(meter: Meter, rng: np.random.Generator) -> _Maker:
    """Chords on every beat, or every eighth; with a bass note on the first, or without."""
    unit = 12 if _is_compound(meter) or rng.random() < 0.3 else STEPS_PER_QUARTER
    bass, octave = rng.random() < 0.5, int(rng.choice([12, 24]))

    def bar(root: int, index: int) -> _Bar:
        notes: _Bar = [(0, meter.bar_steps, 0, 0.8)] if bass else []
        for place in range(0, meter.bar_steps, unit):
            notes += [
                (place, unit, above, 0.7 if not place else 0.4) for above in _chord(root, octave)
            ]
        return notes

    return bar


def _drums(meter: Meter, rng: np.random.Generator) -> _Maker:
    """Kick on the first beat, snare on the back beats, hats in between."""
    hat = 12 if _is_compound(meter) else int(rng.choice([6, 12, 24]))
    beat = _beat(meter)
    beats = meter.bar_steps // beat
    extra = [place for place in range(12, meter.bar_steps, 12) if rng.random() < 0.15]
    crash_bars = int(rng.choice([4, 8, 1000]))

    def bar(root: int, index: int) -> _Bar:
        notes: _Bar = [(place, hat, 42, 0.3) for place in range(0, meter.bar_steps, hat)]
        for count in range(beats):
            is_back = count % 2 == 1 if beats != 3 else count > 0
            notes.append((count * beat, beat, 38 if is_back else 36, 0.9))
        notes += [(place, 12, 36, 0.6) for place in extra]
        if index % crash_bars == 0 and crash_bars < 1000:
            notes.append((0, beat, 49, 1.0))
        return notes

    return bar


KINDS: dict[str, Callable[[Meter, np.random.Generator], _Maker]] = {
    "oom-pah": _oom_pah,
    "stride": _stride,
    "arpeggio": _arpeggio,
    "ostinato": _ostinato,
    "riff": _riff,
    "pads": _pads,
    "blocks": _blocks,
    "drums": _drums,
}
