"""How well meter and pickup are found, on pieces that nothing was fitted or tuned on.

    python benchmarks/meter.py DATA CACHE [dev]

DATA is a folder with open_ewld/, groove/, js_fakes/, pop909/ and the folders of MIDI files that
``rhythm_corpora`` names; CACHE keeps the parsed scores.
Prints five tables for the test halves (or, with ``dev``, for the halves that the weights are
fitted on): the meter stripped and inferred; a true 4/4 told; another meter told as 4/4; clips of
a few bars without a meter; accompaniments made by rule without a meter.
2/2 counts as 4/4; "alike" also takes 2/4 and 4/4 with the same bar lines for one another.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from accompaniments import accompaniments
from rhythm_corpora import BANDS, SCORED, clips, corpora, folder, is_dev, one_meter

from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

DUPLE = {"2/4", "4/4"}
UNTRUE = {"pop909"}  # its files say 1/4
PICKUPS_UNTOLD = {"js_fakes", *SCORED}  # bar lines from tick 0 whatever the upbeat
CLIPPED = (*BANDS, "nifc_piano", "openscore_lieder", "pop909")
CLIP_BARS = (2, 4, 8, 0)  # 0: the whole piece
MADE, MADE_SEED = 1600, 2
KIN = ({"2/4", "4/4"}, {"3/8", "6/8", "12/8"}, {"3/4", "6/4", "3/2"})
"""Meters that differ in how many of their beats make a bar."""


def told(piece: Piece) -> str:
    meter = str(piece.meters[0])
    return "4/4" if meter == "2/2" else meter


def stripped(piece: Piece) -> Piece:
    """The piece as read from a file that says nothing of meter and pickup."""
    return as_four(piece).replace(unstated=frozenset({"meter"}))


def as_four(piece: Piece) -> Piece:
    return piece.replace(meters=(Meter(0, 4, 4),), pickup_steps=0)


def judge(truth: Piece, found: Piece) -> tuple[bool, bool, bool, bool]:
    """Meter, meter alike, meter and pickup, the same alike."""
    right, answer = told(truth), told(found)
    exact, alike = right == answer, right == answer or {right, answer} <= DUPLE
    offset = found.pickup_steps - truth.pickup_steps
    unit = 48 if right in DUPLE else 10**6
    return exact, alike, exact and not offset, alike and offset % unit == 0


def pieces(data: Path, cache: Path, dev: bool) -> Iterator[tuple[str, Piece]]:
    folders = {name: folder(data, name) for name in (*BANDS, *SCORED)}
    for name, found in {**corpora(data, cache), **folders}.items():
        if name not in UNTRUE:
            yield from ((name, p) for p in one_meter(found) if is_dev(p) == dev and len(p.notes))


def main() -> None:
    chosen = list(pieces(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] == ["dev"]))
    inferred(chosen)
    true_four(chosen)
    relabelled(chosen)
    clipped(Path(sys.argv[1]), sys.argv[3:] == ["dev"])
    made()


def inferred(chosen: list[tuple[str, Piece]]) -> None:
    rows: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    for name, piece in chosen:
        verdict = judge(piece, infer_meter(stripped(piece)))
        rows[name].append(verdict)
        if name in {"tunes", "ewld", "chorales"}:
            rows[f"{name} {piece.meters[0]}"].append(verdict)
    print("Meter stripped: share found, percent")
    print(f"{'corpus':<16}{'pieces':>8}{'meter':>8}{'alike':>8}{'+pickup':>9}{'alike':>8}")
    for name, verdicts in sorted(rows.items()):
        shares = 100 * np.mean(verdicts, axis=0)
        if name in PICKUPS_UNTOLD:
            shares[2:] = np.nan
        print(
            f"{name:<16}{len(verdicts):>8}{shares[0]:>8.1f}{shares[1]:>8.1f}"
            f"{shares[2]:>9.1f}{shares[3]:>8.1f}"
        )


def true_four(chosen: list[tuple[str, Piece]]) -> None:
    print("\nMeter told truly (4/4, or another without pickup): share changed, percent")
    print(f"{'corpus':<16}{'4/4':>8}{'overruled':>11}{'all':>8}{'pickup invented':>17}")
    counts: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for name, piece in chosen:
        is_four = str(piece.meters[0]) == "4/4"
        if is_four or not piece.pickup_steps:
            found = infer_meter(as_four(piece) if is_four else piece)
            overruled = told(found) != told(piece)
            counts[name].append((is_four, overruled, found.pickup_steps > piece.pickup_steps))
    every = [row for rows in counts.values() for row in rows]
    known = [row for name, rows in counts.items() if name not in PICKUPS_UNTOLD for row in rows]
    for name, rows in [*sorted(counts.items()), ("all", every)]:
        fours = [row for row in rows if row[0]]
        invented = known if name == "all" else rows
        share = np.nan if name in PICKUPS_UNTOLD else 100 * np.mean([r[2] for r in invented])
        wrong = 100 * np.mean([row[1] for row in fours]) if fours else np.nan
        print(f"{name:<16}{len(fours):>8}{wrong:>11.2f}{len(rows):>8}{share:>17.2f}")


def relabelled(chosen: list[tuple[str, Piece]]) -> None:
    print("\nAnother meter told as 4/4: percent overruled rightly, overruled wrongly, pickup right")
    rows: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for name, piece in chosen:
        if name not in SCORED and told(piece) in {"3/4", "6/8", "9/8", "12/8", "5/4", "7/8"}:
            found = infer_meter(as_four(piece))
            right = told(found) == told(piece)
            same_pickup = right and found.pickup_steps == piece.pickup_steps
            rows[told(piece)].append((right, not right and told(found) != "4/4", same_pickup))
    for meter, verdicts in sorted(rows.items()):
        right, wrong, pickup = 100 * np.mean(verdicts, axis=0)
        print(f"{meter:<16}{len(verdicts):>8}{right:>8.1f}{wrong:>8.1f}{pickup:>8.1f}")
    three_or_six = [v for meter in ("3/4", "6/8") for v in rows[meter]]
    print(
        f"{'3/4 and 6/8':<16}{len(three_or_six):>8}{100 * np.mean(three_or_six, axis=0)[0]:>8.1f}"
    )


def clipped(data: Path, dev: bool) -> None:
    """Of pieces whose stated bar lines nothing speaks against."""
    print("\nClips without a meter: of those in 2/4 and 4/4 the share given another meter, of the")
    print("others found (or a kin of it), left at 4/4, given another; given a pickup; percent")
    for name in CLIPPED:
        found = [p for p in folder(data, name) if is_dev(p) == dev]
        if name in UNTRUE:
            found = [as_four(p) for p in found if str(p.meters[0]) == "1/4"]
        trusted = [p for p in found if p.pickup_steps or not infer_meter(p).pickup_steps]
        for bars in CLIP_BARS:
            cut = [clip for p in trusted for clip in (clips(p, bars) if bars else [p])]
            knows_pickup = name not in UNTRUE
            print(f"{name:<18}{bars or 'all':>4}{_stretches(cut, knows_pickup)}")


def made() -> None:
    print("\nAccompaniments made by rule, without a meter: the same")
    by_kind: dict[str, list[Piece]] = defaultdict(list)
    for piece in accompaniments(MADE, MADE_SEED):
        by_kind[piece.source.split(":")[1]].append(piece)
        by_kind[f"{-(-piece.end_steps // piece.meters[0].bar_steps):>2} bars"].append(piece)
        by_kind["all"].append(piece)
    for kind, found in sorted(by_kind.items()):
        print(f"{kind:<22}{_stretches(found)}")


def _stretches(pieces: list[Piece], knows_pickup: bool = True) -> str:
    duple, others, pickups = [], [], []
    for piece in pieces:
        found = infer_meter(stripped(piece))
        right, answer = told(piece), told(found)
        is_kin = right == answer or any({right, answer} <= kin for kin in KIN)
        if right in DUPLE:
            duple.append(not is_kin)
        else:
            others.append((is_kin, answer == "4/4", not is_kin and answer != "4/4"))
        if not piece.pickup_steps:
            pickups.append(found.pickup_steps > 0)
    shares = [100 * np.mean(duple), *(100 * np.mean(others, axis=0) if others else [np.nan] * 3)]
    shares.append(100 * np.mean(pickups) if knows_pickup else np.nan)
    columns = "".join(f"{share:>7.1f}" for share in shares)
    return f"{len(duple):>6}{len(others):>6}{columns}"


if __name__ == "__main__":
    main()
