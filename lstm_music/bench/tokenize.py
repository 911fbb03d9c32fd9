"""From a MIDI file to tokens: ours, theory included, beside MidiTok's, and beside a mere parse.

Ours reads the file, settles meter and pickup, estimates a missing key, and encodes. MidiTok's REMI
has its default configuration and reads through symusic. music21 only parses, as by default:
``converter.parse``, with its own quantising, and with ``forceSource`` for the same work each time.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np

from lstm_music.bench.files import FileRow, Read, file_rows, one_core, read_by_all
from lstm_music.midi.files import read
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.theory import estimate_key
from lstm_music.tokens.encode import encode

BARS = 156
"""Of the piece that is made to be tokenised."""

_ROOTS = (48, 45, 53, 55)
_MINOR = {45}
_MELODIES = ((24, 24, 24, 12, 12), (36, 12, 24, 12, 12), (16, 16, 16, 24, 24))


def tokenize_rows(folder: Path | None, seconds: float) -> Iterator[FileRow]:
    """Rows for a piece of 5,000 notes, written and played, and for a folder of files.

    Parameters
    ----------
    folder : of MIDI files, searched to any depth; None leaves that case out.
    seconds : to spend on each tokeniser and case, about; music21 runs at least once.

    Raises
    ------
    ConfigError : the folder holds no MIDI file that everybody here reads.
    """
    readers = {"ours": _ours} | _rivals()
    with tempfile.TemporaryDirectory() as scratch, one_core():
        written = _band(BARS)
        for name, piece in (("written", written), ("played", _played(written))):
            path = Path(scratch) / f"{name}.mid"
            path.write_bytes(to_midi_bytes(piece))
            case = f"{len(piece.notes):,} notes in 5 tracks, {name}"
            yield from file_rows(case, [path], readers, seconds)
        if folder is not None:
            paths = read_by_all(folder, readers.values())
            yield from file_rows(f"folder {folder.name}", paths, readers, seconds)


def _ours(path: Path) -> object:
    piece = read(path)
    return encode(piece.replace(key=estimate_key(piece)) if piece.key is None else piece)


def _rivals() -> dict[str, Read]:
    """Those that are installed."""
    rivals: dict[str, Read] = {}
    if importlib.util.find_spec("miditok") and importlib.util.find_spec("symusic"):
        rivals["MidiTok REMI"] = _miditok()
    return rivals | {"music21 parse": _music21}


def _miditok() -> Read:
    import miditok
    import symusic

    tokenizer = miditok.REMI()
    return lambda path: tokenizer(symusic.Score(path))


def _music21(path: Path) -> object:
    import music21.converter

    return music21.converter.parse(path, forceSource=True)


def _band(n_bars: int) -> Piece:
    """Melody, strings, guitar, bass and drums in 4/4, 32 notes a bar, in no told key."""
    rng = np.random.default_rng(0)
    rows: list[tuple[int, int, int, int, int]] = []
    for bar in range(n_bars):
        start, root = 96 * bar, _ROOTS[bar // 2 % len(_ROOTS)]
        chord = [root + interval for interval in (0, 3 if root in _MINOR else 4, 7)]
        lengths = _MELODIES[rng.integers(len(_MELODIES))]
        for onset, length in zip(accumulate(lengths, initial=start), lengths):
            rows.append((onset, length, int(rng.choice(chord)) + 24, 92, 0))
        rows += [(start, 96, pitch + 12, 68, 1) for pitch in chord]
        rows += [(start + 12 * i, 12, chord[i % 3] + 12, 76, 2) for i in range(8)]
        rows += [(start + 24 * i, 24, root - 12, 84, 3) for i in range(4)]
        rows += [(start + 12 * i, 6, 42, 60, 4) for i in range(8)]
        rows += [(start + 24 * i, 6, (36, 38)[i % 2], 100, 4) for i in range(4)]
    programs = (73, 48, 24, 32, 0)
    tracks = tuple(Track(program, is_drum=i == 4) for i, program in enumerate(programs))
    return Piece(notes=make_notes(rows), tracks=tracks)


def _played(piece: Piece) -> Piece:
    """The same as a good player would have it, each onset 16 ms off, at 120."""
    rng = np.random.default_rng(1)
    notes = piece.notes.copy()
    notes["timing_96ths"] = np.clip(rng.normal(0, 3, len(notes)).round(), -12, 12)
    notes["timing_96ths"][notes["onset_steps"] == 0] = 0
    return piece.replace(notes=notes)
