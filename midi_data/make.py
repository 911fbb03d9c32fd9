"""Make the files of this folder again, and write their checksums into SOURCES.toml.

    python midi_data/make.py [DATASETS]

DATASETS is a folder that holds the data sets ``groove``, ``js_fakes`` and ``open_ewld``; without
it, the files made from them are left alone. Needs the package and music21.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from compose import compose

from lstm_music.files import atomic_write
from lstm_music.midi.read import read_midi
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "SOURCES.toml"

Note = tuple[int, int, int, int, int]
"""Onset, duration, pitch, velocity, track."""


def content(entry: dict[str, Any], datasets: Path | None = None) -> bytes | None:
    """Bytes of one file of SOURCES.toml, None when it needs data sets that are not given."""
    recipe = entry["recipe"]
    if "original" in recipe:
        originals = tomllib.loads((HERE / "originals.toml").read_text("utf-8"))
        return to_midi_bytes(compose(originals[recipe["original"]]))
    if "corpus" in recipe:
        return to_midi_bytes(_from_score(_corpus_score(recipe), entry))
    if datasets is None:
        return None
    if "copy" in recipe:
        return (datasets / recipe["copy"]).read_bytes()
    if "score" in recipe:
        from music21 import converter

        score = converter.parse(datasets / recipe["score"], forceSource=True)
        return to_midi_bytes(_from_score(score, entry))
    return to_midi_bytes(_renamed(read_midi(datasets / recipe["adapt"]), entry))


def _corpus_score(recipe: dict[str, Any]) -> Any:
    from music21 import corpus

    return corpus.parse(recipe["corpus"], number=recipe.get("number"), forceSource=True)


def _renamed(piece: Piece, entry: dict[str, Any]) -> Piece:
    recipe = entry["recipe"]
    programs = zip(recipe["programs"], recipe["names"], strict=True)
    return piece.replace(
        title=entry["title"],
        tracks=tuple(Track(program, name=name) for program, name in programs),
        tempos=(Tempo.from_bpm(recipe["tempo_bpm"]),),
    )


def _steps(quarters: Any) -> int:
    return round(quarters * STEPS_PER_QUARTER)


def _from_score(score: Any, entry: dict[str, Any]) -> Piece:
    """A music21 score as a Piece: its parts, and its chord symbols as one more track."""
    from music21 import key, meter

    recipe = entry["recipe"]
    notes = []
    for number, part in enumerate(score.parts):
        notes += _part_notes(part, recipe["velocity"], number)
    notes += _symbol_notes(score.parts[0], recipe["velocity"] - 20, len(score.parts))
    first_bar = score.parts[0].getElementsByClass("Measure")[0]
    signature = first_bar[key.KeySignature].first()
    full = Meter.parse(first_bar[meter.TimeSignature].first().ratioString)
    first_bar_steps = _steps(first_bar.duration.quarterLength)
    programs = zip(recipe["programs"], recipe["names"], strict=True)
    return Piece(
        notes=make_notes(notes),
        tracks=tuple(Track(program, name=name) for program, name in programs),
        meters=(full,),
        tempos=(Tempo.from_bpm(recipe["tempo_bpm"]),),
        key=Key(signature.sharps, recipe["mode"]),
        pickup_steps=first_bar_steps if first_bar_steps < full.bar_steps else 0,
        title=entry["title"],
    )


def _part_notes(part: Any, velocity: int, track: int) -> list[Note]:
    from music21 import harmony

    notes = []
    for found in part.stripTies().flatten().notes:
        length = _steps(found.duration.quarterLength)
        if isinstance(found, harmony.ChordSymbol) or not length:
            continue  # a symbol, or a grace note
        accented = velocity + round(10 * found.beatStrength)
        notes += [(_steps(found.offset), length, p.midi, accented, track) for p in found.pitches]
    return notes


def _symbol_notes(part: Any, velocity: int, track: int) -> list[Note]:
    """Each chord symbol as a block chord up to the next, or to the end."""
    from music21 import harmony

    symbols = list(part.flatten()[harmony.ChordSymbol])
    onsets = [*(_steps(s.offset) for s in symbols), _steps(part.duration.quarterLength)]
    return [
        (onset, end - onset, pitch.midi, velocity, track)
        for symbol, onset, end in zip(symbols, onsets, onsets[1:])
        for pitch in symbol.pitches
    ]


def main() -> None:
    """Write every file that can be made, then the checksums."""
    datasets = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    text = SOURCES.read_text("utf-8")
    for entry in tomllib.loads(text)["file"]:
        data = content(entry, datasets)
        if data is None:
            continue
        atomic_write(HERE / entry["name"], data)
        pattern = rf'(name = "{re.escape(entry["name"])}"\n(?:.+\n)*?sha256 = )".*"'
        text = re.sub(pattern, rf'\1"{hashlib.sha256(data).hexdigest()}"', text)
    atomic_write(SOURCES, text.encode("utf-8"))


if __name__ == "__main__":
    main()
