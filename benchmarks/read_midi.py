"""Reading a MIDI file of 5,000 notes: ours beside mido, symusic and music21.

    python benchmarks/read_midi.py

Prints the best of several runs in milliseconds of processor time. Ours and music21 end with
quantised notes, tracks, meters and tempos; symusic ends with notes in ticks; mido with single
events, unpaired.
"""

from __future__ import annotations

import importlib
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np

from lstm_music.midi.limits import Limits
from lstm_music.midi.read import read_midi_bytes
from lstm_music.midi.scan import scan
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track

N_NOTES = 5_000


def sample() -> bytes:
    """Four tracks of random notes over 400 quarters."""
    rng = np.random.default_rng(0)
    notes = np.zeros(N_NOTES, NOTE_DTYPE)
    notes["onset_steps"] = rng.integers(0, 24 * 400, N_NOTES)
    notes["duration_steps"] = rng.integers(3, 48, N_NOTES)
    notes["pitch_midi"] = rng.integers(30, 90, N_NOTES)
    notes["velocity"] = rng.integers(40, 120, N_NOTES)
    notes["track"] = rng.integers(0, 4, N_NOTES)
    return to_midi_bytes(Piece(notes=notes, tracks=tuple(Track(8 * i, i == 3) for i in range(4))))


def best_ms(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def main() -> None:
    data = sample()
    ours = best_ms(lambda: read_midi_bytes(data), 30)
    print(f"{N_NOTES} notes, {len(data)} bytes")
    print(f"lstm_music read_midi_bytes  {ours:9.3f} ms")
    print(f"  of that the scanner       {best_ms(lambda: scan(data, Limits()), 30):9.3f} ms")
    rivals = {"mido": best_ms(lambda: mido.MidiFile(file=io.BytesIO(data)), 5)}
    try:
        symusic = importlib.import_module("symusic")
        rivals["symusic"] = best_ms(lambda: symusic.Score.from_midi(data), 30)
    except ImportError:
        print("symusic is not installed")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.mid"
        path.write_bytes(data)
        converter = importlib.import_module("music21.converter")
        rivals["music21"] = best_ms(lambda: converter.parse(path, forceSource=True), 1)
    for name, milliseconds in rivals.items():
        print(f"{name:<27} {milliseconds:9.3f} ms  {milliseconds / ours:8.1f} times ours")


if __name__ == "__main__":
    main()
