"""The report of a run as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from lstm_music.evaluate.pages.player import played_notes, player
from lstm_music.evaluate.pages.roll import roll_svg
from lstm_music.evaluate.pages.shell import data_uri, facts, html_page, table
from lstm_music.evaluate.report.charts import distance_chart, loss_chart
from lstm_music.evaluate.report.distances import Distance
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import Piece

_PX_PER_STEP = 0.75
_MOST_FEATURES = 10


@dataclass(frozen=True)
class Report:
    """All that a report tells.

    Attributes
    ----------
    name : of the model.
    metadata : what the model file says of itself (`lstm_music.composer.Composer.metadata`).
    losses : the lines of the run's ``metrics.jsonl``.
    samples : the pieces composed; all are measured.
    how : what they were asked for, in words.
    shown : how many of them are drawn, from the first on.
    engraved : a PNG or None for each one drawn.
    sounds : a WAV or None for each one drawn.
    real : how many real pieces they are compared with, of how many bars; in words.
    distances : of `distances`.
    judged : the report of `lstm_music.judge`; or why there is none.
    novelty : the report of `lstm_music.evaluate.novelty`; or why there is none.
    environment : name -> version or fact.
    """

    name: str
    metadata: Mapping[str, Any]
    losses: Sequence[dict[str, Any]]
    samples: Sequence[Piece]
    how: str
    shown: int
    engraved: Sequence[bytes | None]
    sounds: Sequence[bytes | None]
    real: str
    distances: Sequence[Distance]
    judged: dict[str, Any] | str
    novelty: dict[str, Any] | str
    environment: Mapping[str, object]


def report_page(report: Report) -> bytes:
    """The page, with all that it shows inside."""
    sections = {
        "Losses": _losses(report),
        "Samples": _samples(report),
        "Beside real music": _beside(report),
        "Can a judge tell them apart?": _judged(report.judged),
        "Novelty": _novelty(report),
        "Data card": _card(report.metadata.get("data_card", {})),
        "Settings": _settings(report.metadata),
        "Environment": facts(report.environment.items()),
    }
    body = _summary(report) + "\n".join(
        f"<section><h2>{escape(name)}</h2>\n{html}</section>" for name, html in sections.items()
    )
    data = {"samples": [played_notes(piece) for piece in report.samples[: report.shown]]}
    return html_page(f"Report on {report.name}", body, scripts=["player"], data=data)


def _summary(report: Report) -> str:
    sizes, training = report.metadata["sizes"], report.metadata["training"]
    rows = [
        ("network", f"{sizes['layers']} layers of {sizes['hidden_size']} {sizes['cell']} units"),
        ("trained on", f"{training.get('tokens', 0):,} tokens"),
    ]
    if (loss := training.get("valid_nats_per_token")) is not None:
        rows.append(("held-out loss", f"{loss:.3f} nats a token"))
    rows.append(("sha256", str(report.metadata.get("sha256", "unknown"))))
    return facts(rows)


def _losses(report: Report) -> str:
    chart = loss_chart(report.losses)
    if not chart:
        return "<p>There is no metrics.jsonl beside this model, so its losses are not known.</p>"
    last = report.losses[-1]
    told = [line["valid_loss"] for line in report.losses if line.get("valid_loss") is not None]
    best = f"The best of {len(told)} validations: {min(told):.4f} nats a token. " if told else ""
    return f'<div class="wide">{chart}</div><p>{best}{last["tokens"]:,} tokens were read.</p>'


def _samples(report: Report) -> str:
    parts = [f"<p>{escape(report.how)} Nobody chose among them.</p>"]
    for k, piece in enumerate(report.samples[: report.shown]):
        midi = data_uri(to_midi_bytes(piece), "audio/midi")
        title = f"Sample {k + 1}"
        parts += [
            f"<h3>{title}</h3>",
            player(k, title, midi, f"sample-{k + 1}.mid"),
        ]
        if (wav := report.sounds[k]) is not None:
            parts.append(f'<audio controls src="{data_uri(wav, "audio/wav")}"></audio>')
        roll = roll_svg(piece, _PX_PER_STEP, title=f"piano roll of sample {k + 1}")
        parts.append(f'<div class="scroll" tabindex="0">{roll}</div>')
        if (page := report.engraved[k]) is not None:
            parts.append(
                f'<details><summary>First page</summary><div class="sheet"><img alt="first page of '
                f'sample {k + 1}" src="{data_uri(page, "image/png")}"></div></details>'
            )
    return "\n".join(parts)


def _number(value: float | None, form: str = ".3g") -> str:
    return "-" if value is None else format(value, form)


def _beside(report: Report) -> str:
    rows = [
        (
            row.name,
            _number(row.samples),
            _number(row.real),
            _number(row.spread),
            _number(row.apart_sd, "+.2f"),
        )
        for row in report.distances
    ]
    head = ("mean of", "samples", "real", "s.d. of real", "s.d. apart")
    return (
        f"<p>{escape(report.real)} Nearest to real music is best, not highest. One standard "
        "deviation is the distance of an ordinary real piece.</p>"
        f'<div class="wide">{distance_chart(report.distances)}</div>{table(head, rows)}'
    )


def _judged(judged: dict[str, Any] | str) -> str:
    if isinstance(judged, str):
        return f"<p>Not judged: {escape(judged)}</p>"
    ours, real = judged["samples"]["pieces"], judged["real"]["pieces"]

    def auc(row: Mapping[str, float]) -> str:
        return f"{row['auc']:.2f} ({row['low']:.2f} to {row['high']:.2f})"

    judges = [
        (name, auc(row["samples"]), auc(row["real"])) for name, row in judged["judges"].items()
    ]
    telling = [row for row in judged["features"] if row["beyond_chance"]][:_MOST_FEATURES]
    features = [
        (
            row["name"],
            _number(row["samples"]),
            _number(row["real"]),
            _number(row["apart_sd"], "+.1f"),
        )
        for row in telling
    ]
    parts = [
        f"<p>{ours} samples and {real} real pieces, {judged['bars']} bars each. Two classifiers, "
        "cross-validated, learn to tell them apart. AUC 0.5 is guessing, 1 is certainty. Beside it "
        "stands real music against real music, which nobody can tell apart. In brackets: 95 % "
        "intervals.</p>",
        table(("judge", "samples against real", "real against real"), judges),
    ]
    if features:
        head = ("what gives the samples away", "samples", "real", "s.d. apart")
        parts.append(table(head, features))
    else:
        parts.append("<p>No single feature is further apart than by chance.</p>")
    return "\n".join(parts)


def _novelty(report: Report) -> str:
    found = report.novelty
    if isinstance(found, str):
        return f"<p>Not known: {escape(found)}</p>"
    usual, known = found["held_out"], found["known"]
    least = known.get("least_notes", 0)
    lines = [
        f"<p>The longest run of notes that each sample shares with the {known['pieces']:,} pieces "
        "the model was trained on, in any key and at any tempo."
    ]
    if usual is not None:
        lines.append(
            f"Of held-out pieces, which nobody copied, it is {usual['median_notes']:.0f} notes "
            f"(median) and {usual['percentile_95_notes']:.0f} (95th percentile)."
        )
    lines.append("A longer piece shares longer runs.</p>")
    rows = [
        (
            f"sample {k}",
            row["notes"],
            row["run_notes"] or (f"fewer than {least}" if least else 0),
            f"{row['from_bar']} to {row['to_bar']}" if row["run_notes"] else "-",
            _number(row["no_longer_than_percent"]),
        )
        for k, row in enumerate(found["pieces"], 1)
    ]
    head = ("", "notes", "longest shared run", "bars", "% of held-out pieces with as long a run")
    return " ".join(lines) + table(head, rows)


def _card(card: Mapping[str, Any]) -> str:
    rows = [(name.replace("_", " "), value) for name, value in card.items() if name != "data"]
    data = [
        (entry.get("name", "-"), entry.get("licence", "-"), entry.get("pieces", "-"))
        for entry in card.get("data", [])
    ]
    listed = table(("data", "licence", "pieces"), data, numbers_from=2) if data else ""
    return facts(rows) + listed if rows or data else "<p>The model file has no data card.</p>"


def _settings(metadata: Mapping[str, Any]) -> str:
    settings = metadata["training"].get("settings", {})
    if not settings:
        return "<p>The model file does not say.</p>"
    return facts((name, "-" if value is None else value) for name, value in settings.items())
