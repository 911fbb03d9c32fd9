"""The pieces that the rhythm benchmarks measure on, kept in a cache folder once parsed.

Parsing the scores takes music21 about six minutes; MIDI files are read anew each time.
"""

from __future__ import annotations

import csv
import hashlib
import pickle
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from lstm_music.errors import MidiError
from lstm_music.midi.read import read_midi
from lstm_music.midi.scores.foreign import corpus_chorales, read_abc, read_score, tune_texts
from lstm_music.music.excerpt import excerpt
from lstm_music.music.listening.rhythm import short_first_bar_as_pickup
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece

TUNES_A_METER = 300
SCORES = ("chorales", "tunes", "ewld")
SCORED = ("openscore_lieder", "nifc_piano", "nifc_songs", "mutopia", "openhymnal")
"""Folders of scores saved as MIDI: they tell the meter, but few of them an upbeat."""

BANDS = ("freedoom", "simutrans", "blasphemer", "easyrpg_rtp")
"""Folders of music made in a sequencer: its bar lines are the file's."""

MIDI_DATA = Path(__file__).resolve().parent.parent / "midi_data"


def corpora(data: Path, cache: Path) -> dict[str, list[Piece]]:
    """Scores of three corpora, parsed once, and the MIDI files of four.

    Parameters
    ----------
    data : folder with open_ewld/, groove/, js_fakes/ (and, if there, pop909/).
    cache : folder that keeps the parsed scores.
    """
    makers: dict[str, Callable[[], Iterable[Piece]]] = {
        "chorales": corpus_chorales,
        "tunes": _tunes,
        "ewld": lambda: _lead_sheets(data / "open_ewld"),
    }
    found = {name: _cached(cache / f"{name}.pickle", makers[name]) for name in SCORES}
    found["groove"] = list(_grooves(data / "groove"))
    for name in ("js_fakes", "pop909"):
        found[name] = [read_midi(path) for path in sorted((data / name).glob("*.mid"))]
    found["midi_data"] = [read_midi(path) for path in sorted(MIDI_DATA.glob("*.mid"))]
    return found


def folder(data: Path, name: str) -> list[Piece]:
    """The MIDI files of a folder that state one meter; a short first bar is a pickup."""
    found = []
    for path in sorted((data / name).rglob("*.mid")):
        try:
            piece = short_first_bar_as_pickup(read_midi(path))
        except MidiError:
            continue
        if "meter" not in piece.unstated and len(piece.notes):
            found.append(piece)
    return one_meter(found)


def clips(piece: Piece, bars: int, count: int = 2) -> list[Piece]:
    """Stretches of so many bars from bar lines of a piece of one meter, evenly spread."""
    bar = piece.meters[0].bar_steps
    last = (piece.end_steps - piece.pickup_steps) // bar - bars
    if last < count:
        return []
    starts = np.linspace(0, last, count + 2)[1:-1].astype(int) * bar + piece.pickup_steps
    found = [excerpt(piece, start, start + bars * bar) for start in starts.tolist()]
    return [clip.replace(pickup_steps=0) for clip in found if len(clip.notes)]


def is_dev(piece: Piece) -> bool:
    """Whether a piece belongs to the half that things may be tuned on."""
    name = piece.source if ":" in piece.source else Path(piece.source).name
    return not int(hashlib.sha256(name.encode()).hexdigest(), 16) & 1


def one_meter(pieces: Iterable[Piece]) -> list[Piece]:
    """Those without a change of meter."""
    return [piece for piece in pieces if len(piece.meters) == 1]


def recut(piece: Piece, numerator: int, denominator: int) -> Piece:
    """A 4/4 piece with the end of each bar left out, or its last beat played again.

    There are hardly any real pieces in 5/4 and 7/8 to learn from.
    """
    bar = Meter(0, numerator, denominator).bar_steps
    notes = piece.notes.copy()
    bars, place = np.divmod(notes["onset_steps"] - piece.pickup_steps, 96)
    notes["onset_steps"] += bars * (bar - 96)
    if bar < 96:
        first_bar_line = piece.pickup_steps if piece.pickup_steps < bar else 0
        notes = notes[(place < bar) & (bars >= 0)]
        notes["duration_steps"] = np.minimum(notes["duration_steps"], bar)
        notes["onset_steps"] -= piece.pickup_steps - first_bar_line
        pickup = first_bar_line
    else:
        again = notes[(place >= 96 - (bar - 96)) & (bars >= 0)]
        again["onset_steps"] += bar - 96
        notes = np.concatenate([notes, again])
        pickup = piece.pickup_steps
    notes = notes[notes["onset_steps"] >= 0]
    return piece.replace(
        notes=notes, meters=(Meter(0, numerator, denominator),), pickup_steps=pickup
    )


def _cached(path: Path, make: Callable[[], Iterable[Piece]]) -> list[Piece]:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(list(make())))
    return list(pickle.loads(path.read_bytes()))


def _tunes() -> Iterator[Piece]:
    """About as many fiddle tunes of each meter that their books hold."""
    by_meter: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, text in tune_texts():
        meter = re.search(r"(?m)^M:\s*(\S+)", text)
        by_meter[meter.group(1) if meter else ""].append((name, text))
    for tunes in by_meter.values():
        for name, text in tunes[:: max(1, len(tunes) // TUNES_A_METER)]:
            try:
                yield read_abc(text, source=name, style="folk", expand_repeats=False)
            except MidiError:
                continue


def _lead_sheets(folder: Path) -> Iterator[Piece]:
    for path in sorted(folder.glob("*.mxl")):
        yield read_score(path, source=f"ewld:{path.stem}", style="lead")


def _grooves(folder: Path) -> Iterator[Piece]:
    """The grooves (not the fills) of the Groove MIDI Dataset."""
    with (folder / "info.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path = folder / row["midi_filename"]
            if row["beat_type"] == "beat" and path.is_file():
                yield read_midi(path)
