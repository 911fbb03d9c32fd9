"""Write docs/gates.md and docs/gates.png from a run: ``python docs/make_gates.py``.

What the page says of the bundled chorale model is looked up in what the model does, so it stays
true when the model is trained again. Takes half a minute.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

import lstm_music as lm
from lstm_music.cli.inspect import command as inspect
from lstm_music.evaluate.gates.follow import Finding, Following, follow
from lstm_music.evaluate.gates.phrases import phrase_starts
from lstm_music.evaluate.gates.record import Gates
from lstm_music.evaluate.gates.words import followed, percent
from lstm_music.evaluate.pages.roll import pitch_name
from lstm_music.evaluate.statistics import beat_steps
from lstm_music.types import FloatArray

DOCS = Path(__file__).resolve().parent
PIECE = DOCS.parent / "midi_data" / "chorale.mid"
MODEL = "chorale"
PHRASE_BARS = 2
"""In this chorale each phrase has two bars and begins on a bar line."""
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
VOICES = ("soprano", "alto", "tenor", "bass")

MEANING = {
    "i": "input gate: how much is written",
    "f": "forget gate: how much is kept",
    "g": "what is new",
    "o": "output gate: how much is let out",
    "c": "cell state: the memory",
    "h": "what the next layer sees",
}

PAGE = """# Inside the network: a chorale told by the gates

What does an LSTM do while it reads music? This page shows it for one chorale and the bundled
model `{model}`: {layers} layers of {hidden} `{cell}` units. You can make the same picture of your
own music with any model, bundled or trained by you, and with any cell in [Cells](cells.md).

```
lstm-music inspect {model} --on midi_data/chorale.mid -o gates.html
lstm-music inspect {model} --on midi_data/chorale.mid -o docs/gates.png --bars 1-8
```

The first command makes a page in which you can look at every unit. The second made this figure:

![The piano roll, the surprise of each note, some units, and all units of a layer](gates.png)

## How to read it

Time runs from left to right. Everything stands under the notes that the network had just read.

**Piano roll.** The chorale, with a colour for each voice.

**Surprise.** There is a stem for each note. Its height is minus the natural logarithm of the
probability that the network gave the note: when it comes, in which voice, at which pitch and how
long. At 0 the network was sure. At 0.69 it gave the note even odds, at 2.3 one chance in ten.

**Traces.** Each trace is one unit. Blue is its forget gate (0 to 1). Red is its cell state, with
the forget gate of the same unit behind it.

**Maps.** A map shows all {hidden} units of a layer, one to a row. Units that follow the same
thing are next to each other at the top.

## The equations

```
{equations}
```

x is the token that has just been read, with the context that the network gets beside it
([tokens](tokens.md)). Hochreiter & Schmidhuber (1997) introduced c, i and o, and Gers,
Schmidhuber & Cummins (2000) f.
{source}

## The story

The chorale has {phrases} phrases of {phrase_bars} bars. All values below are those at the moment
when time moves on to an onset, unless something else is said. The figure shows the surest units
of each kind; the page shows all.

{story}

Does a unit follow the phrase, or only the long note before it? This piece cannot tell: here the
two always come together.

## How sure is this?

With {series:,} gates and states, some seem to follow anything. So each claim is compared with
chance.

A unit's values, one at each onset, are explained linearly by something in the music. Two bars at
a time are held out, and the share of the variance there that is explained is counted. Slow drift
is taken out first. Then all of this is done again 99 times with the music moved against the
units: within every two bars it is turned round by a random number of onsets. A unit is named only
if it does better than the best of all {series:,} did in each of the 99 draws. If nothing were
followed, one piece in a hundred would still show a unit that seems to follow, say, the beat.
Units that count ("the bars that have passed") are found by their steps from bar to bar; there,
chance draws the sign of each step.

For everything but pitch class, units are looked at as soon as time has moved on to an onset,
before its notes are read. So the number of notes there cannot decide. Pitch classes are looked at
after the notes have been read. A gate whose standard deviation is below 0.05 is left out.

There are three limits:

- What a unit follows in this piece need not be what it is for. If short notes only stand off the
  beat, a unit for short notes looks like one for the beat.
- To find such units, phrases are found in the melody (Cambouropoulos 2001), not read from the
  score. They can be wrong: in this chorale {wrong}.
- A piece needs 12 bars for any finding, and 24 for groups of 4 bars.

## In Python

```python
import lstm_music as lm
from lstm_music.evaluate.gates.follow import follow

seen = lm.load("chorale").gates("midi_data/chorale.mid")
seen.layers[0]["f"]  # (T, H) forget gates of the first layer, one row a token
seen.layers[1]["c"]  # (T, H) cell states of the second
seen.roles  # {{'i': 'input gate', 'f': 'forget gate', 'o': 'output gate'}}
seen.token_names, seen.onset_steps  # (T,) the tokens in words, and where they stand
seen.note_nats  # (N,) surprise of each note of seen.piece
follow(seen).findings  # units that follow something
```

`seen.cell.equations` says what the names mean in another cell: a GRU has `r`, `z`, `n` and `h`. The
gates are the factors of its equations, whatever the kernel keeps:

```python
>>> import lstm_music as lm
>>> seen = lm.load("chorale").gates("midi_data/chorale.mid")
>>> one = seen.layers[0]
>>> c = one["f"][1:] * one["c"][:-1] + one["i"][1:] * one["g"][1:]
>>> float(abs(c - one["c"][1:]).max()) < 1e-3
True

```

This page is written by `docs/make_gates.py` from what the model does; a test holds it to that.
"""


def page() -> str:
    """The whole page."""
    gates = lm.load(MODEL).gates(PIECE)
    following = follow(gates)
    story = [
        paragraph
        for tell in (_phrase_forget, _phrase_input, _bar, _beat, _pitch, _absent, _surprise)
        if (paragraph := tell(gates, following))
    ]
    return PAGE.format(
        model=MODEL,
        layers=_word(len(gates.layers)),
        hidden=gates.hidden_size,
        cell=gates.cell.name,
        equations=_equations(gates),
        source=textwrap.fill(f"The cell: {gates.cell.cite}", 100, break_on_hyphens=False),
        phrases=_word(int(_is_start(gates).sum())),
        phrase_bars=_word(PHRASE_BARS),
        wrong=_wrong_starts(gates),
        series=following.series,
        story="\n\n".join(textwrap.fill(paragraph, 98) for paragraph in story),
    )


def _equations(gates: Gates) -> str:
    lines = [line.strip() for line in gates.cell.equations.strip().splitlines()]
    width = max(len(line) for line in lines if line.partition(" ")[0] in MEANING) + 3
    told = ((line, MEANING.get(line.partition(" = ")[0])) for line in lines)
    return "\n".join(f"{line:{width}}{meaning}" if meaning else line for line, meaning in told)


def _wrong_starts(gates: Gates) -> str:
    found = set(phrase_starts(gates.piece).tolist())
    missed = set(gates.onsets[_is_start(gates)].tolist()) - found
    total = int(_is_start(gates).sum())
    return f"{_word(total - len(missed))} of the {_word(total)} beginnings are found"


def _phrase_forget(gates: Gates, following: Following) -> str:
    found = _of(following, "phrase", "f")
    if not found:
        return "**No forget gate follows the phrases.**"
    falls = [one for one in found if one.how.startswith("lower")]
    one = max(falls or found, key=lambda each: _swing(gates, each))
    rising = len(found) - len(falls)
    doing = "close" if falls else "open"
    at_starts, elsewhere = _by_phrase(gates, one)
    return (
        f"**Where a phrase begins, forget gates {doing}.** Take {_unit(one)}. At the first onset "
        f"of the later phrases its forget gate is {_list(at_starts[1:])}. At every other onset it "
        f"is {elsewhere.min():.2f} to {elsewhere.max():.2f}, in the median "
        f"{np.median(elsewhere):.2f}. Of the forget gates {_word(len(falls))} "
        f"{'falls' if len(falls) == 1 else 'fall'} there, and {_word(rising)} "
        f"{'rises' if rising == 1 else 'rise'}. "
        f"The place in the phrase explains {percent(one.explained)} of this gate in held-out bars. "
        f"{_chance(following, 'phrase')}"
    )


def _phrase_input(gates: Gates, following: Following) -> str:
    found = [one for one in _of(following, "phrase", "i") if one.how.startswith("higher")]
    if not found:
        return ""
    one = max(found, key=lambda each: _swing(gates, each))
    at_starts, elsewhere = _by_phrase(gates, one)
    return (
        f"**There something new is written, too.** The input gate of {_unit(one)} is "
        f"{_list(at_starts)} at the first onset of the phrases, and at most {elsewhere.max():.2f} "
        f"elsewhere ({percent(one.explained)} explained). {_chance(following, 'phrase')}"
    )


def _bar(gates: Gates, following: Following) -> str:
    found = [one for gate in gates.roles for one in _of(following, "bar", gate)]
    if not found:
        return ""
    one = max(found, key=lambda each: each.explained)
    return (
        f"**A gate that follows the bar.** The {gates.roles[one.quantity]} of {_unit(one)} is "
        f"{one.how}. {_means_by_beat(gates, one)} ({percent(one.explained)} explained). "
        f"{_chance(following, 'bar')}"
    )


def _beat(gates: Gates, following: Following) -> str:
    found = _of(following, "beat", gates.memory)
    if not found:
        return ""
    one = found[0]
    values, onsets = _values(gates, one)
    is_on = np.array([_beat_of(gates, int(at)).is_integer() for at in onsets])
    return (
        f"**A cell that is a metronome.** The state of {_unit(one)} is {one.how}: "
        f"{values[is_on].mean():.2f} on the beat and {values[~is_on].mean():.2f} off it, on "
        f"average ({percent(one.explained)} explained). {_chance(following, 'beat')}"
    )


def _pitch(gates: Gates, following: Following) -> str:
    found = _of(following, "pitch class", gates.memory)
    if not found:
        return ""
    one = found[0]
    return (
        f"**A cell for one note.** Once the notes of an onset have been read, the state of "
        f"{_unit(one)} is {one.how} ({percent(one.explained)} explained). "
        f"{_chance(following, 'pitch class')}"
    )


def _absent(gates: Gates, following: Following) -> str:
    there = {one.what for one in following.findings}
    absent = [what for what in following.chance if what not in there]
    if not absent:
        return ""
    chances = (f"{followed(what)} ({percent(following.chance[what])})" for what in absent)
    return (
        "**What is not there.** In this piece no unit does better than the best by chance for "
        f"{_and(list(chances))}."
    )


def _surprise(gates: Gates, following: Following) -> str:
    nats, notes = gates.note_nats, gates.piece.notes
    costly = [int(k) for k in np.argsort(nats)[::-1][:2]]
    names = []
    for k in costly:
        onset = int(notes[k]["onset_steps"])
        voice = VOICES[int(notes[k]["track"])]
        bar = gates.piece.bar_lines.bar_at(onset) + 1
        names.append(
            f"the {pitch_name(int(notes[k]['pitch_midi']))} of the {voice} in bar {bar}, beat "
            f"{_beat_of(gates, onset) + 1:g} ({nats[k]:.1f})"
        )
    return (
        f"**Where the model is surprised.** A note costs {nats.mean():.1f} nats on average. The "
        f"two that cost most are {_and(names)}."
    )


def _of(following: Following, what: str, quantity: str) -> list[Finding]:
    """Findings of one kind in one quantity, the surest first."""
    found = [f for f in following.findings if (f.what, f.quantity) == (what, quantity)]
    return sorted(found, key=lambda one: -one.explained)


def _values(gates: Gates, one: Finding) -> tuple[FloatArray, FloatArray]:
    """(M,) values of a unit when time has moved on to each onset, and the onsets in steps."""
    return gates.layers[one.layer][one.quantity][gates.arrivals, one.unit], gates.onsets


def _by_phrase(gates: Gates, one: Finding) -> tuple[FloatArray, FloatArray]:
    """Values at the first onsets of phrases, and at the others."""
    values, _ = _values(gates, one)
    is_start = _is_start(gates)
    return values[is_start], values[~is_start]


def _swing(gates: Gates, one: Finding) -> float:
    """How far the unit's values at the beginnings of phrases are from those elsewhere."""
    at_starts, elsewhere = _by_phrase(gates, one)
    return abs(float(at_starts[1:].mean() - np.median(elsewhere)))


def _is_start(gates: Gates) -> npt.NDArray[np.bool_]:
    """(M,) whether a phrase begins at each onset."""
    lines = gates.piece.bar_lines
    return np.array(
        [
            lines.is_bar_line(at) and lines.bar_at(at) % PHRASE_BARS == 0
            for at in map(int, gates.onsets)
        ]
    )


def _means_by_beat(gates: Gates, one: Finding) -> str:
    values, onsets = _values(gates, one)
    beats = np.array([_beat_of(gates, int(at)) for at in onsets])
    whole = sorted({beat for beat in beats.tolist() if float(beat).is_integer()})
    means = [f"{values[beats == beat].mean():.2f}" for beat in whole]
    numbers = [f"{beat + 1:g}" for beat in whole]
    return f"Its means on beats {_and(numbers)} are {_and(means)}"


def _beat_of(gates: Gates, onset: int) -> float:
    """Beats since the bar line."""
    lines = gates.piece.bar_lines
    return (onset - lines.bar_start(onset)) / beat_steps(lines.meter_at(onset))


def _chance(following: Following, what: str) -> str:
    return f"The best unit by chance reaches {percent(following.chance[what])}."


def _unit(one: Finding) -> str:
    return f"unit {one.unit} of layer {one.layer}"


def _list(values: FloatArray) -> str:
    return _and([f"{value:.2f}" for value in values])


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _word(number: int) -> str:
    return WORDS[number] if number < len(WORDS) else f"{number:,}"


def main() -> None:
    """The page and its figure."""
    (DOCS / "gates.md").write_text(page(), encoding="utf-8")
    options = ["--on", str(PIECE), "-o", str(DOCS / "gates.png"), "--bars", "1-8", "--force"]
    inspect.main([MODEL, *options], standalone_mode=False)


if __name__ == "__main__":
    main()
