"""Write docs/papers.md and its plots from benchmarks/results: ``python docs/make_papers.py``.

Each file there is what ``lstm-music reproduce TASK -o FILE`` wrote. Where the same row is in a full
and a quick run, the full one is shown.
"""

from __future__ import annotations

import html
import json
import math
from pathlib import Path
from typing import Any

from lstm_music.reproduce.tasks import TASKS

TRIED = """### What was tried

No test split is at hand here, so settings were chosen on valid: nats a frame of single trainings,
the best epoch of all. Dropout is the share of recurrent weights, inputs and outputs; "shift" is how
many keys a piece may be moved by in an epoch. The training score is that of every eighth piece with
the same weights. `python benchmarks/polyphony_trials.py FILE.npz trials.jsonl NAME=VALUE` runs one.

Dropping recurrent weights lowers the score at the same size, and wider networks that train for
longer then lower it further. Moved pieces gain a little on Piano-midi.de; the recipes do not use
them. On Nottingham 16 epochs of a network twice as wide are worse than the 45 of the recipe.

| set | head | units | dropout | shift | rate | chunk | epoch | valid | train |
|---|---|---|---|---|---|---|---|---|---|
"""
"""Above the table of benchmarks/results/polyphony_trials.jsonl."""

DOCS = Path(__file__).resolve().parent
RESULTS = DOCS.parent / "benchmarks" / "results"
PLOTS = DOCS / "papers"
TRIALS_PLOT = "polyphony-trials.svg"

HEAD = """# The papers' own tasks

`lstm-music reproduce TASK` runs a task from the papers behind this package and prints our
figures beside the published ones. `lstm-music reproduce --list` lists the tasks. `--quick` runs
a small version that still tests the claim; CI runs all of these. Each task is one file in
`lstm_music/reproduce/`, written to be read from top to bottom: definition, data, network, stop
rule, published figure.

The ratio is ours / published. A dash means that the paper gives no figure, or none that could be
checked. **Full** rows have the paper's sizes, **quick** ones do not. The networks are ours (in
most tasks an LSTM trained by Adam; the notes have the sizes). The data, lags and stop rules are
the papers'. If a network learns from fewer sequences, much of that is due to the optimiser.

The curves show how the first network of a row learnt, where the run recorded it.

This page is written by `docs/make_papers.py` from `benchmarks/results/*.json`, which also have
settings, seeds, processor and versions; a test holds it to them.
"""


def results() -> dict[str, list[dict[str, Any]]]:
    """Runs by task, in the order of the table of tasks; full ones first."""
    runs = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    mine = {name: [run for run in runs if run.get("task") == name] for name in TASKS}
    return {name: sorted(of, key=lambda run: run["quick"]) for name, of in mine.items() if of}


def rows_of(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a task's runs, each name once, with ``quick`` of its run.

    The name has the cell behind it where one was asked for.
    """
    rows: dict[str, dict[str, Any]] = {}
    for run in runs:
        cell = run["settings"]["cell"]
        for row in run["rows"]:
            name = f"{row['name']} ({cell})" if cell else row["name"]
            rows.setdefault(name, {**row, "name": name, "quick": run["quick"]})
    return list(rows.values())


def section(name: str, runs: list[dict[str, Any]]) -> str:
    """One task: its line, source, commands and table."""
    task = TASKS[name]
    commands = "\n".join(f"{run['command']}" for run in runs)
    times = ", ".join(map(time_of, runs))
    cpus = " and ".join(dict.fromkeys(run["machine"]["cpu"] for run in runs))
    lines = [
        f"## {name}\n",
        f"{task.line}. Source: {task.paper}.\n",
        f"```\n{commands}\n```\n",
        f"Took {times} on {cpus}.\n",
    ]
    rows = rows_of(runs)
    notes = {row["note"] for row in rows}
    heads = ["", "run", "ours", "published", "ratio", "unit", "claim"]
    heads += ["note"] if len(notes) > 1 else []
    lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        claim = {True: "holds", False: "**does not hold**", None: ""}[row["holds"]]
        kind = "quick" if row["quick"] else "full"
        figures = map(number, (row["ours"], row["published"], row["ratio"]))
        cells = [row["name"], kind, *figures, row["unit"], claim, row["note"]]
        lines.append(f"| {' | '.join(cells[: len(heads)])} |")
    if len(notes) == 1 and any(notes):
        lines.append(f"\nNote: {notes.pop()}.")
    if curves_of(runs):
        lines.append(f"\n![How the networks of {name} learnt](papers/{curves_file(name)})")
    if name == "polyphony":
        lines.append("\n" + tried(trials()).rstrip())
    return "\n".join(lines) + "\n"


def trials() -> list[dict[str, Any]]:
    """What was tried for the recipes of the polyphonic networks, by set and head."""
    lines = (RESULTS / "polyphony_trials.jsonl").read_text("utf-8").splitlines()
    return sorted(map(json.loads, lines), key=lambda trial: (trial["set"], trial["head"]))


def tried(found: list[dict[str, Any]]) -> str:
    """The table of those trainings."""
    lines = []
    for trial in found:
        how = trial["settings"]
        shares = (how[f"{name}_dropout"] for name in ("recurrent", "input", "output"))
        cells = [
            trial["set"],
            trial["head"],
            " + ".join(map(str, how["hidden_sizes"])),
            ", ".join(f"{share:g}" for share in shares),
            str(trial["shift"] or "-"),
            f"{how['learning_rate']:g}",
            str(how["chunk_steps"]),
            f"{trial['epoch']} of {how['epochs']}",
            f"{trial['valid']:.3f}",
            "-" if trial["train"] is None else f"{trial['train']:.3f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    plot = f"\n\n![How they learnt](papers/{TRIALS_PLOT})\n"
    return TRIED + "\n".join(lines) + plot


def trial_row(trial: dict[str, Any]) -> dict[str, Any]:
    """A trial as :func:`plot_curves` takes it."""
    how, y = trial["settings"], trial["curve"]
    units = " + ".join(map(str, how["hidden_sizes"]))
    shift = f", shift {trial['shift']}" if trial["shift"] else ""
    name = f"{trial['set']}, {trial['head']}, {units} units, U {how['recurrent_dropout']:g}{shift}"
    curve = {"across": "epochs", "up": "nats a frame, valid", "x": list(range(1, len(y) + 1))}
    return {"name": name, "curve": {**curve, "y": y}}


def time_of(run: dict[str, Any]) -> str:
    """How long a run took; runs of old say it by the clock alone."""
    if run.get("processor_seconds"):
        return f"{run['processor_seconds']:.0f} s of processor time"
    return f"{run['seconds']:.0f} s"


def number(value: float | None) -> str:
    """Three digits, or two after the point; thousands apart."""
    if value is None:
        return "-"
    if 1000 <= abs(value) < 1e8:
        return f"{value:,.0f}"
    return f"{value:.2f}" if 1 < abs(value) < 1000 and value % 1 else f"{value:.3g}"


def families(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Rows that have a ratio above 0, by the authors of their paper."""
    by_authors: dict[str, list[dict[str, Any]]] = {}
    for name, runs in found.items():
        authors = TASKS[name].paper.partition(" (")[0]
        rows = [{**row, "task": name} for row in rows_of(runs) if (row["ratio"] or 0) > 0]
        if rows:
            by_authors.setdefault(authors, []).extend(rows)
    return by_authors


def plot(rows: list[dict[str, Any]]) -> str:
    """An SVG of ours / published on a logarithmic scale, a bar a row, from 1 outwards."""
    left, width, step, top = 330, 360, 20, 26
    height = top + step * len(rows) + 10
    decades = max(1, *(math.ceil(abs(math.log10(row["ratio"]))) for row in rows))
    middle, unit = left + width / 2, width / 2 / decades
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<text x="{middle:.0f}" y="12" text-anchor="middle">ours / published</text>',
    ]
    for decade in range(-decades, decades + 1):
        x = middle + decade * unit
        parts.append(f'<path d="M{x:.1f} {top - 6}V{height - 6}" stroke="#ccc"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{top - 8}" text-anchor="middle">{10.0**decade:g}</text>'
        )
    for place, row in enumerate(rows):
        y, x = top + step * place, middle + unit * math.log10(row["ratio"])
        good = (row["ratio"] <= 1) == (row["better"] == "lower")
        name = html.escape(f"{row['task']}: {row['name']}")
        parts += [
            f'<text x="{left - 6}" y="{y + 13}" text-anchor="end">{name}</text>',
            f'<rect x="{min(x, middle):.1f}" y="{y + 3}" width="{abs(x - middle):.1f}" '
            f'height="13" fill="{"#4a7" if good else "#c64"}"/>',
            f'<text x="{max(x, middle) + 4:.1f}" y="{y + 13}">{row["ratio"]:.3g}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def file_name(authors: str) -> str:
    """Such as ``gers-schmidhuber-cummins.svg``."""
    letters = "".join(char if char.isalnum() else "-" for char in authors.lower())
    return "-".join(filter(None, letters.split("-"))) + ".svg"


def curves_of(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows whose learning was recorded."""
    return [row for row in rows_of(runs) if len((row.get("curve") or {"x": ()})["x"]) > 1]


def curves_file(task: str) -> str:
    """Such as ``adding-curves.svg``."""
    return f"{task}-curves.svg"


PANEL_WIDTH, PANEL_HEIGHT, PANELS = 380, 150, 2


def plot_curves(rows: list[dict[str, Any]]) -> str:
    """An SVG with a panel for each row, two side by side."""
    width, height = PANEL_WIDTH * min(PANELS, len(rows)), PANEL_HEIGHT * -(-len(rows) // PANELS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
    ]
    for place, row in enumerate(rows):
        down, right = divmod(place, PANELS)
        corner = f"{right * PANEL_WIDTH} {down * PANEL_HEIGHT}"
        parts += [f'<g transform="translate({corner})">', *panel(row), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def panel(row: dict[str, Any]) -> list[str]:
    """One curve in its frame: its highest and lowest value at the left, its last x at the right."""
    curve, left, top = row["curve"], 66, 34
    width, height = PANEL_WIDTH - left - 20, PANEL_HEIGHT - top - 26
    low, high, last = min(curve["y"]), max(curve["y"]), curve["x"][-1]
    logarithmic = low > 0 and high > 10 * low
    scale = math.log if logarithmic else float
    span = (scale(high) - scale(low)) or 1.0
    points = " ".join(
        f"{left + width * x / last:.1f},{top + height * (scale(high) - scale(y)) / span:.1f}"
        for x, y in zip(curve["x"], curve["y"])
    )
    foot, unit = top + height, curve["up"] + (", log scale" if logarithmic else "")
    return [
        f'<text x="{left}" y="12">{html.escape(row["name"])}</text>',
        f'<text x="{left}" y="26" fill="#666">{html.escape(unit)}</text>',
        f'<path d="M{left} {top}V{foot}H{left + width}" fill="none" stroke="#999"/>',
        f'<polyline points="{points}" fill="none" stroke="#258" stroke-width="1.5"/>',
        f'<text x="{left - 4}" y="{top + 8}" text-anchor="end">{number(high)}</text>',
        f'<text x="{left - 4}" y="{foot}" text-anchor="end">{number(low)}</text>',
        f'<text x="{left + width}" y="{foot + 13}" text-anchor="end">'
        f"{number(last)} {curve['across']}</text>",
    ]


def plots() -> dict[str, str]:
    """File name and content of every plot."""
    found = results()
    bars = {file_name(authors): plot(rows) for authors, rows in families(found).items()}
    learnt = {name: curves_of(runs) for name, runs in found.items()}
    curves = {curves_file(name): plot_curves(rows) for name, rows in learnt.items() if rows}
    return bars | curves | {TRIALS_PLOT: plot_curves([trial_row(one) for one in trials()])}


def page() -> str:
    """The whole page."""
    found = results()
    shown = [
        f"![{authors}: ours / published](papers/{file_name(authors)})\n"
        for authors in families(found)
    ]
    legend = "Green bars are better than published, red ones worse.\n"
    return "\n".join([HEAD, *shown, legend, *(section(name, runs) for name, runs in found.items())])


if __name__ == "__main__":
    PLOTS.mkdir(exist_ok=True)
    for file, content in plots().items():
        (PLOTS / file).write_text(content, encoding="utf-8")
    (DOCS / "papers.md").write_text(page(), encoding="utf-8")
