"""`lstm-music judge`: can a classifier tell samples from real music?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

_SIDES = ("held-out", "train", "valid", "test", "all")  # evaluate.material.SIDES, not imported


@click.command()
@click.argument(
    "samples", metavar="SAMPLES", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--against",
    "sources",
    metavar="SOURCE",
    multiple=True,
    required=True,
    help="Real music: a cache, or folders and files. May be given again.",
)
@click.option("--style", metavar="NAME", help="Use only real pieces of this style.")
@click.option(
    "--side",
    type=click.Choice(_SIDES),
    help="Which pieces of a cache to use. Default: held-out, those of valid and test.",
)
@click.option(
    "--bars",
    type=click.IntRange(4),
    help="Full bars to use of each piece. Default: as many as nine in ten of SAMPLES have.",
)
@click.option(
    "--top",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many features to show.",
)
@click.option("--rng-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all features.")
def command(
    samples: tuple[Path, ...],
    sources: tuple[str, ...],
    style: str | None,
    side: str | None,
    bars: int | None,
    top: int,
    rng_seed: int,
    as_json: bool,
) -> None:
    """Test whether a classifier can tell SAMPLES from real music, and by what.

    \b
    lstm-music generate --model folk --style folk --bars 16 -n 40 -o samples/x.mid
    lstm-music judge samples --against models.cache --style folk

    SAMPLES are folders or files, 10 pieces or more; SOURCE needs 20. Two classifiers learn to tell
    them apart by about a hundred features of rhythm, intervals, harmony, texture and repetition.
    An AUC of 0.5 means that they guess, 1 that they are always right. The AUC of real music against
    real music is shown for comparison, then the features that give the samples away, and how often
    bars return. Needs scikit-learn: pip install 'lstm_music[judge]'.
    """
    from lstm_music.evaluate.judge import judge

    report = judge(
        samples,
        sources,
        style=style,
        side=side,
        bars=bars,
        rng_seed=rng_seed,
        on_reject=_left_out,
    )
    click.echo(json.dumps(report) if as_json else "\n".join(_readable(report, top)))


def _left_out(id_: str, reason: str) -> None:
    text = f"left out {id_}: {reason}"
    click.echo(text.encode("utf-8", "backslashreplace").decode(), err=True)


def _readable(report: dict[str, Any], top: int) -> list[str]:
    ours, theirs = report["samples"], report["real"]
    lines = [
        f"{ours['pieces']} samples and {theirs['pieces']} real pieces, {report['bars']} bars each"
        f" (left out: {ours['left_out']} and {theirs['left_out']})",
        "",
        f"{'AUC; 0.5: guessing, 1: certain':<32}{'samples/real':>20}{'real/real':>20}",
    ]
    for name, row in report["judges"].items():
        lines.append(f"{name:<32}{_auc(row['samples']):>20}{_auc(row['real']):>20}")
    return [*lines, "", *_features(report["features"], top), "", *_form(report["form"])]


def _auc(row: dict[str, float]) -> str:
    return f"{row['auc']:.2f} ({row['low']:.2f}-{row['high']:.2f})"


def _features(rows: list[dict[str, Any]], top: int) -> list[str]:
    """The features whose means are apart by more than chance."""
    telling = [row for row in rows if row["beyond_chance"]]
    if not telling:
        return [f"no feature of {len(rows)} is further apart than by chance"]
    lines = [f"{'what gives the samples away':<52}{'samples':>9}{'real':>9}{'s.d. apart':>12}"]
    lines += [
        f"{row['name']:<52}{row['samples']:>9.3g}{row['real']:>9.3g}"
        f"{_or_dash(row['apart_sd'], '+.1f'):>12}"
        for row in telling[:top]
    ]
    if len(telling) > top:
        lines.append(f"and {len(telling) - top} more of {len(rows)}")
    return lines


def _form(form: dict[str, Any]) -> list[str]:
    """How often bars return."""
    ours, theirs = form["samples"], form["real"]
    lines = [f"{'bars that return':<52}{'samples':>9}{'real':>9}"]
    rows = [
        (f"{label} the one {lag} before", ours[kind][lag], theirs[kind][lag])
        for kind, label in (("equal", "equal to"), ("varied", "variations of"))
        for lag in ours[kind]
        if ours[kind][lag] is not None or theirs[kind][lag] is not None
    ]
    rows.append(("equal to any earlier one", ours["returning"], theirs["returning"]))
    rows.append(("pieces that are loops", ours["loops"], theirs["loops"]))
    lines += [f"{name:<52}{_or_dash(a, '.0%'):>9}{_or_dash(b, '.0%'):>9}" for name, a, b in rows]
    apart, halves = form["returning_distance"]["samples"], form["returning_distance"]["real"]
    lines.append(
        f"{'Kolmogorov distance of the shares that return':<52}{_or_dash(apart, '.2f'):>9}"
        f"{_or_dash(halves, '.2f'):>9} (real/real)"
    )
    return lines


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
