"""How much of notated rhythm survives: score to tokens to MIDI file and back, exactly.

    python benchmarks/round_trip.py DATA [EVERY]

DATA is a folder with open_ewld/ and groove/; of every corpus each EVERY-th piece counts (4 unless
told; 1 takes about half an hour). Truth is music21's own offsets and quarter lengths, as fractions,
with its ``stripTies``; a note is exact if onset, length and pitch come back without any change.
Groove is played, not written: there a note is exact if its onset comes back to the 96th of a
quarter nearest to it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lstm_music.errors import LstmMusicError
from lstm_music.midi.limits import DEFAULT_LIMITS
from lstm_music.midi.read import read_midi, read_midi_bytes
from lstm_music.midi.scan import scan
from lstm_music.midi.scores.foreign import chorale_files, tune_texts
from lstm_music.midi.scores.from_stream import piece_from_stream
from lstm_music.midi.scores.pieces import parse_score
from lstm_music.midi.scores.source import open_source
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import decode
from lstm_music.tokens.encode import encode

WrittenNote = tuple[Fraction, Fraction, int]
"""Onset and length in grid steps, and pitch."""

KERN = "corpus/palestrina"
SCORES = ("mozart", "haydn", "schumann_clara", "joplin", "corelli", "monteverdi", "schubert")


@dataclass
class Survival:
    """Notes counted over the pieces of a corpus."""

    pieces: int = 0
    notes: int = 0
    onsets: int = 0
    exact: int = 0
    off_grid: int = 0
    cut: int = 0
    merged: int = 0
    unread: list[str] = field(default_factory=list)

    def add(self, other: Survival) -> None:
        """Count another piece in."""
        for name in ("pieces", "notes", "onsets", "exact", "off_grid", "cut", "merged"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def exact_share(self) -> float:
        """Of notes whose onset, length and pitch came back."""
        return self.exact / max(self.notes, 1)

    @property
    def onset_share(self) -> float:
        """Of notes whose onset and pitch came back."""
        return self.onsets / max(self.notes, 1)


def through_tokens(piece: Piece) -> Piece:
    """To tokens, back, into a MIDI file and read again."""
    return read_midi_bytes(to_midi_bytes(decode(encode(piece))))


def written_notes(stream: Any) -> Counter[WrittenNote]:
    """The notes of a score as written, sounding pitch, by music21's own reckoning."""
    notes: Counter[WrittenNote] = Counter()
    for part in stream.parts or [stream]:
        sounding = part if part.atSoundingPitch is True else part.toSoundingPitch()
        flat = sounding.stripTies(matchByPitch=True).flatten()
        for element in flat.notes:
            if "ChordSymbol" in element.classes or element.duration.isGrace:
                continue
            place = _steps(element.offset), _steps(element.quarterLength)
            if not place[1]:
                continue
            for pitch in element.pitches:
                notes[(*place, pitch.midi)] += 1
    return notes


def _steps(quarters: float | Fraction) -> Fraction:
    return Fraction(quarters).limit_denominator(1 << 16) * STEPS_PER_QUARTER


def survival(data: bytes, suffix: str) -> Survival:
    """What comes back of one score.

    Raises
    ------
    LstmMusicError : it cannot be read or tokenised.
    """
    stream = parse_score(open_source(data, suffix))
    scores = getattr(stream, "scores", None)
    stream = scores[0] if scores else stream
    truth = written_notes(stream)
    _without_repeats(stream)
    piece = piece_from_stream(stream)
    return compare(truth, through_tokens(piece))


def compare(truth: Counter[WrittenNote], back: Piece) -> Survival:
    """Count what came back, and why the rest did not.

    Off the grid: the written place is no whole number of steps. Merged: two notes of one pitch and
    onset in one part. Cut: a note ends where its pitch is struck again in another voice.
    """
    fields = ("onset_steps", "duration_steps", "pitch_midi")
    found = Counter(zip(*(back.notes[name].tolist() for name in fields)))
    lost = truth - Counter(found)
    starts = Counter((onset, pitch) for onset, _, pitch in found.elements())
    written = Counter((onset, pitch) for onset, _, pitch in truth.elements())
    result = Survival(1, truth.total(), (written & starts).total(), (truth & found).total())
    for (onset, length, pitch), count in lost.items():
        if onset.denominator > 1 or length.denominator > 1:
            result.off_grid += count
        elif written[onset, pitch] > starts[onset, pitch]:
            result.merged += count
        else:
            result.cut += count
    return result


def _without_repeats(stream: Any) -> None:
    """Repeats are not rhythm: the written order is kept, and nothing is played twice."""
    for bracket in list(stream.recurse().getElementsByClass("RepeatBracket")):
        bracket.activeSite.remove(bracket)
    for measure in stream.recurse().getElementsByClass("Measure"):
        for side in ("leftBarline", "rightBarline"):
            line = getattr(measure, side)
            if line is not None and "Repeat" in line.classes:
                setattr(measure, side, None)


def played(path: Path) -> Survival:
    """What comes back of a performance: onsets to the nearest 96th of a quarter."""
    raw = scan(path.read_bytes(), DEFAULT_LIMITS)
    doubled = 2 * 4 * STEPS_PER_QUARTER * raw.quarters * raw.notes["onset_ticks"].astype(np.int64)
    truth = Counter(
        zip(((doubled + raw.ticks) // (2 * raw.ticks)).tolist(), raw.notes["pitch_midi"].tolist())
    )
    notes = through_tokens(read_midi(path)).notes
    fine = 4 * notes["onset_steps"] + notes["timing_96ths"]
    kept = (truth & Counter(zip(fine.tolist(), notes["pitch_midi"].tolist()))).total()
    return Survival(1, truth.total(), kept, kept, merged=truth.total() - kept)


def corpora(data: Path) -> dict[str, Iterable[tuple[str, bytes, str]]]:
    """Name, content and ending of every score, by corpus."""
    from music21 import common

    music21 = Path(common.getSourceFilePath())
    scores = [p for name in SCORES for p in sorted((music21 / "corpus" / name).rglob("*.mxl"))]
    return {
        "chorales": ((name, path.read_bytes(), path.suffix) for name, path in chorale_files()),
        "fiddle tunes": ((name, text.encode(), ".abc") for name, text in tune_texts()),
        "music21's scores": _files(p for p in scores if p.stat().st_size < 60_000),
        "kern": _files(sorted((music21 / KERN).glob("*.krn"))),
        "OpenEWLD": _files(sorted((data / "open_ewld").glob("*.mxl"))),
    }


def _files(paths: Iterable[Path]) -> Iterator[tuple[str, bytes, str]]:
    return ((path.name, path.read_bytes(), path.suffix) for path in paths)


def total(scores: Iterable[tuple[str, bytes, str]]) -> Survival:
    """Over the scores of a corpus."""
    result = Survival()
    for name, content, suffix in scores:
        try:
            result.add(survival(content, suffix))
        except (LstmMusicError, Exception) as error:  # music21 raises whatever its parsers meet
            result.unread.append(f"{name}: {type(error).__name__}: {error}"[:150])
    return result


def main() -> None:
    data, every = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4
    print(f"{'corpus':18} pieces   notes  onsets %  exact %  off the grid  merged  cut  unread")
    for name, scores in corpora(data).items():
        step = 10 * every if name in {"fiddle tunes", "kern"} else every
        report(name, total(islice(scores, 0, None, step)))
    result = Survival()
    for path in sorted((data / "groove").rglob("*.mid"))[::every]:
        result.add(played(path))
    report("Groove (played)", result)


def report(name: str, result: Survival) -> None:
    print(
        f"{name:18} {result.pieces:6} {result.notes:7} {100 * result.onset_share:9.3f} "
        f"{100 * result.exact_share:8.3f} {result.off_grid:13} {result.merged:7} {result.cut:4} "
        f"{len(result.unread):7}"
    )
    for line in result.unread[:5]:
        print("   ", line)


if __name__ == "__main__":
    main()
