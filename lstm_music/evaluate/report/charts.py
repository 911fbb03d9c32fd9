"""Charts of a report as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lstm_music.evaluate.report.distances import Distance

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 260, 52, 34, 10
_MOST_SD = 4.0
_ROW_PX, _NAME_PX, _SCALE_PX = 22, 190, 420


def loss_chart(lines: Sequence[dict[str, Any]]) -> str:
    """Training and validation losses, nats a token, over the tokens read; "" without a number."""
    curves = {
        kind: [(line["tokens"], line[f"{kind}_loss"]) for line in lines if _is(line, kind)]
        for kind in ("train", "valid")
    }
    points = [point for curve in curves.values() for point in curve]
    if not points:
        return ""
    most = max(tokens for tokens, _ in points) or 1
    low, high = min(y for _, y in points), max(y for _, y in points)
    high = high if high > low else low + 1

    def place(tokens: float, loss: float) -> tuple[float, float]:
        x = _LEFT + (_WIDTH - _LEFT - 60) * tokens / most
        return x, _TOP + (_HEIGHT - _BOTTOM - _TOP) * (high - loss) / (high - low)

    parts = []
    for k in range(5):
        value = low + (high - low) * k / 4
        _, y = place(0, value)
        parts.append(
            f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - 60}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 3:.1f}" text-anchor="end">{value:.2f}</text>')
        x, _ = place(most * k / 4, low)
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle">'
            f"{most * k / 4 / 1e6:.3g}</text>"
        )
    for kind, curve in curves.items():
        if not curve:
            continue
        where = [place(*point) for point in curve]
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in where)
        parts.append(f'<polyline class="{kind}" stroke-width="1.8" points="{text}"/>')
        parts += [f'<circle class="{kind}" r="2" cx="{x:.1f}" cy="{y:.1f}"/>' for x, y in where]
        x, y = where[-1]
        shift = 4 if kind == "valid" else 12
        parts.append(f'<text x="{x + 5:.1f}" y="{y + shift - 4:.1f}">{kind}</text>')
    parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 4}">million tokens; above: nats a token</text>')
    return (
        f'<svg class="chart" role="img" aria-label="losses of the run" width="{_WIDTH}" '
        f'height="{_HEIGHT}">{"".join(parts)}</svg>'
    )


def _is(line: dict[str, Any], kind: str) -> bool:
    value = line.get(f"{kind}_loss")
    return isinstance(value, int | float) and math.isfinite(value)


def distance_chart(rows: Sequence[Distance]) -> str:
    """How far each statistic is from real music, left and right of a middle line."""
    told = [row for row in rows if row.apart_sd is not None]
    if not told:
        return ""
    middle = _NAME_PX + _SCALE_PX / 2
    unit = _SCALE_PX / 2 / _MOST_SD
    height = _ROW_PX * len(told) + 22
    parts = [
        f'<line class="{"middle" if sd == 0 else "axis"}" x1="{middle + sd * unit:.1f}" '
        f'x2="{middle + sd * unit:.1f}" y1="0" y2="{height - 20}"/>'
        f'<text x="{middle + sd * unit:.1f}" y="{height - 6}" text-anchor="middle">{sd:+d}</text>'
        for sd in range(-4, 5)
    ]
    for k, row in enumerate(told):
        y = _ROW_PX * k + _ROW_PX / 2
        apart = row.apart_sd or 0.0
        x = middle + max(-_MOST_SD, min(_MOST_SD, apart)) * unit
        kind = "near" if abs(apart) <= 1 else "far"
        parts.append(
            f'<text x="{_NAME_PX - 8}" y="{y + 4:.1f}" text-anchor="end">{row.name}</text>'
        )
        parts.append(
            f'<circle class="{kind}" r="4.5" cx="{x:.1f}" cy="{y:.1f}"><title>{row.name}: '
            f"{apart:+.2f} standard deviations</title></circle>"
        )
    return (
        '<svg class="chart" role="img" aria-label="distance from real music in standard '
        f'deviations" width="{_NAME_PX + _SCALE_PX + 20}" height="{height}">{"".join(parts)}</svg>'
    )
