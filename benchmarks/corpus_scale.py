"""Build caches of 1,000, 10,000 and 100,000 files: files a second, and memory as it grows.

Memory is the most that the parent ever held resident, how much of that was no mapped file, which
the system may drop at will, and the most of a worker.

The files are the pieces of midi_data, each transposed, in another tempo, and with some of its
notes moved: half of the files by a few notes (near copies), half by most (other music).

    python benchmarks/corpus_scale.py [--sizes 1000,10000,100000] [--jobs 2] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lstm_music.midi.read import read_midi

MIDI_DATA = Path(__file__).resolve().parent.parent / "midi_data"
TICKS_A_STEP = 20  # 480 ticks a quarter
FILES_A_FOLDER = 500


class Base:
    """A piece as a skeleton of bytes, into which a variant's pitches are put."""

    def __init__(self, path: Path) -> None:
        piece = read_midi(path)
        notes = piece.notes
        on, pitch = notes["onset_steps"].astype(np.int64), np.arange(len(notes))
        off = on + notes["duration_steps"]
        times = np.concatenate([off, on]) * TICKS_A_STEP
        order = np.lexsort([np.repeat([0, 1], len(notes)), times])
        deltas = np.diff(times[order], prepend=0).tolist()
        channels = np.arange(len(piece.tracks)) % 9
        channels[[track.is_drum for track in piece.tracks]] = 9
        self.drums = channels[notes["track"]] == 9
        self.pitches = notes["pitch_midi"].astype(np.int64)
        self.which = np.concatenate([pitch, pitch])[order]
        statuses = np.repeat([0x80, 0x90], len(notes)) | np.tile(channels[notes["track"]], 2)
        heads = [_number(d) + bytes([s]) for d, s in zip(deltas, statuses[order].tolist())]
        velocities = np.concatenate([np.zeros(len(notes), int), notes["velocity"]])[order]
        self.heads, self.tails = heads, [bytes([v]) for v in velocities.tolist()]
        programs = zip(channels.tolist(), piece.tracks)
        self.setup = b"".join(bytes([0, 0xC0 | c, t.program]) for c, t in programs if c != 9)

    def variant(self, rng: np.random.Generator, share: float) -> bytes:
        """MIDI bytes: transposed, ``share`` of the notes moved, another tempo."""
        pitches = self.pitches + np.where(self.drums, 0, rng.integers(-5, 7))
        moved = (rng.random(len(pitches)) < share) & ~self.drums
        pitches = np.clip(pitches + moved * rng.integers(-7, 8, len(pitches)), 0, 127)
        keys = [bytes([p]) for p in pitches[self.which].tolist()]
        usec = int(rng.integers(300_000, 900_000)).to_bytes(3, "big")
        events = b"".join(a + b + c for a, b, c in zip(self.heads, keys, self.tails))
        track = b"\0\xff\x51\3" + usec + self.setup + events + b"\0\xff\x2f\0"
        head = b"MThd\0\0\0\6\0\0\0\1" + (24 * TICKS_A_STEP).to_bytes(2, "big")
        return head + b"MTrk" + len(track).to_bytes(4, "big") + track


def _number(value: int) -> bytes:
    """A variable-length quantity."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def make_files(folder: Path, first: int, last: int) -> None:
    """Write the files of the numbers first..last-1."""
    bases = [Base(path) for path in sorted(MIDI_DATA.glob("*.mid"))]
    for number in range(first, last):
        rng = np.random.default_rng(number)
        share = (0.02, 0.8)[number % 2]
        below = folder / f"{number // FILES_A_FOLDER:04d}"
        if number % FILES_A_FOLDER == 0:
            below.mkdir(parents=True, exist_ok=True)
        data = bases[int(rng.integers(len(bases)))].variant(rng, share)
        (below / f"{number:06d}.mid").write_bytes(data)


def measure(music: Path, cache: Path, jobs: int) -> dict[str, float]:
    """Run the command; seconds, and the most that the parent and a worker held, in MB."""
    command = [sys.executable, "-m", "lstm_music", "corpus", "build", str(music)]
    command += ["-o", str(cache), "--jobs", str(jobs), "--json"]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
        parent = own = worker = 0
        while run.poll() is None:
            parent = max(parent, _kb(run.pid, "VmHWM"))
            own = max(own, _kb(run.pid, "RssAnon"))
            worker = max([worker, *(_kb(pid, "VmHWM") for pid in _children(run.pid))])
            time.sleep(0.1)
        seconds = time.monotonic() - started
        assert run.stdout is not None
        summary = json.loads(run.stdout.read())
    size = sum(path.stat().st_size for path in cache.iterdir())
    return {
        "files": summary["files"],
        "seconds": seconds,
        "parent_mb": parent / 1024,
        "own_mb": own / 1024,
        "worker_mb": worker / 1024,
        "cache_mb": size / 1e6,
        "tokens": summary["tokens"],
    }


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    below = [int(word) for word in text.split()]
    return below + [deeper for child in below for deeper in _children(child)]


def _kb(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if left out")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="lstm_music-scale-"))
    print("  files   seconds  files/s  parent MB  of it own  worker MB  cache MB  again, s")
    done = 0
    for size in map(int, args.sizes.split(",")):
        make_files(folder / "music", done, size)
        done = size
        cache = folder / f"{size}.cache"
        row = measure(folder / "music", cache, args.jobs)
        again = measure(folder / "music", cache, args.jobs)
        print(
            f"{row['files']:7d} {row['seconds']:9.1f} {row['files'] / row['seconds']:8.0f} "
            f"{row['parent_mb']:10.0f} {row['own_mb']:10.0f} {row['worker_mb']:10.0f} "
            f"{row['cache_mb']:9.1f} {again['seconds']:9.1f}",
            flush=True,
        )
    if args.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
