"""Write docs/controls.md from the table of controls: ``python docs/make_controls.py``."""

from itertools import groupby
from pathlib import Path

from lstm_music.generate.asking.controls import EVERY, Control
from lstm_music.generate.asking.request import CONTROLS

HEAD = """# Controls

This is everything that you can ask of the composer. Each control is an option of `lstm-music
generate`, `infill`, `accompany` or `vary`, and an argument of the same name in Python: of
`Composer.generate`, `infill`, `accompany`, `vary` and `stream`, and of `lm.Request`.
[Composing](composing.md) shows how to use them. If you leave a control out, the network or the
model's recommendation decides.

**Rules** hold for every new note. A note that a rule forbids cannot be drawn. A request that no
music can meet is refused before composing. A rule that demands something, such as `min_density`
or no `rests`, does not apply where no note is possible because of another rule or the given
music.

**Wishes** are met roughly. The network gets them beside each token, if it has learnt them. They
also shift the probabilities: the onsets of a bar stay within a quarter of a wished density, and
pitches, durations and chords nearer to a wish become likelier. So wishes also work with older
models.

The [report](composing.md#the-report) says for each rule and wish what was asked and what came out.

## How values are written

| kind | on the command line | in Python |
|---|---|---|
| number, integer | `0.9` | `0.9` |
| range | `40-100` | `"40-100"` or `(40, 100)` |
| note value: a fraction of a whole note | `1/8`, `1/12` (a triplet), `3/16` (dotted) | `"1/8"` |
| number by track | `4` for all, or `1:4,3:8` | `4`, `"1:4,3:8"` or `{1: 4, 3: 8}` |
| range by track | `48-84`, or `1:60-84,2:36-60` | `(48, 84)`, `{1: (60, 84), 2: (36, 60)}` |
| bars | `5-8`, or `5` | `(5, 8)`, `5` or `"5-8"` |
| tracks | `1,3` or `bass,melody` | `[1, 3]`, `"bass"`, `["bass", 1]` |
| instruments | `drums,bass` | `["drums", "bass"]` or `"drums,bass"` |
| switch | `--playable`, `--no-rests` | `playable=True`, `rests=False` |

Tracks and bars count from 1, as in a score. New tracks of `accompany` come after those of the
file: in a file of two tracks the first new one is track 3. In values by track, 0 means all other
tracks. A note value must be a whole number of 96ths of a whole note.

```python
>>> import lstm_music as lm
>>> lm.Request("infill", "midi_data/band.mid", bars=5, pitch_range="1:60-84,0:36-60").pitch_range
{1: (60, 84), 0: (36, 60)}
>>> lm.Request(bars=8, density=40)
Traceback (most recent call last):
    ...
lstm_music.errors.ConfigError: density must be 0..16, got 40

```

`lstm_music.generate.asking.schema.schema()` is this table as JSON schema, for programs that build a
request as a JSON object:

```python
>>> from lstm_music.generate.asking.schema import schema
>>> schema()["properties"]["keep"]["enum"]
['rhythm', 'pitch', 'outline']

```

This page is written by `docs/make_controls.py`; a test holds it to the table.
"""

COLUMNS = (
    "| option | in Python | kind | range | default | what it does | tasks |\n" + "|---" * 7 + "|"
)

OPTIONS = {"n": "`-n`, `--num-outputs`", "rests": "`--rests`, `--no-rests`"}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for group, rows in groupby(CONTROLS.values(), key=lambda row: row.group):
        parts.append(f"## {group}\n\n{COLUMNS}\n" + "\n".join(map(line, rows)) + "\n")
    return "\n".join(parts)


def line(row: Control) -> str:
    """One row of the table."""
    cells = (
        OPTIONS.get(row.name, f"`{row.option}`"),
        f"`{row.name}`",
        kind(row),
        bounds(row),
        default(row),
        row.help.replace("|", "\\|"),
        "all" if row.tasks == EVERY else ", ".join(row.tasks),
    )
    return "| " + " | ".join(cells) + " |"


def kind(row: Control) -> str:
    """Kind and unit, in the words of the first table."""
    special = {"bars": "bars", "seed_bars": "bars", "tracks": "tracks", "with_": "instruments"}
    special |= {"form_of": "file"}
    name = special.get(row.name, "text" if row.kind == "any" else row.kind)
    unit = row.unit.strip("()")
    return f"{name}, {unit}" if unit else name


def bounds(row: Control) -> str:
    """What values there are."""
    if row.choices:
        return ", ".join(f"`{choice}`" for choice in row.choices)
    if row.low is None:
        return "" if row.high is None else f"up to {row.high:g}"
    high = "" if row.high is None else large(row.high)
    return f"{row.low:g}..{high}" if high else f"{row.low:g} or more"


def large(number: float) -> str:
    """A bound; powers of two as such where they are long."""
    return "2^63 - 1" if number == 2**63 - 1 else f"{number:g}"


def default(row: Control) -> str:
    """The default, if it is not left to the network or the model."""
    if row.default is None:
        return ""
    if isinstance(row.default, bool):
        return "on" if row.default else "off"
    return f"`{row.default}`" if isinstance(row.default, str) else f"{row.default:g}"


if __name__ == "__main__":
    Path(__file__).with_name("controls.md").write_text(page(), encoding="utf-8")
