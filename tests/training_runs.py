"""One small training run, at the command line and in the API, that the tests disturb."""

import os
import subprocess
import sys

from paths import MIDI_DATA

import lstm_music as lm

SETTINGS = {
    "hidden_size": 16,
    "embedding_size": 8,
    "layers": 1,
    "batch_size": 4,
    "chunk_steps": 32,
    "max_tokens": 12_000,
    "evaluate_every": 3_000,
    "rng_seed": 5,
}
OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()]
RUN = [sys.executable, "-m", "lstm_music", "train", str(MIDI_DATA)]


def times(usual):
    """How often a run is disturbed: LSTM_MUSIC_FAULTS, such as 300 for a night, or the usual."""
    return int(os.environ.get("LSTM_MUSIC_FAULTS", usual))


def command(folder, cache, *options):
    """The command line of the run, its model file in ``folder``."""
    output = ["-o", str(folder / "m.safetensors"), "--cache", str(cache)]
    return [*RUN, *output, *OPTIONS, "--resume=auto", "--checkpoint-seconds=0", *options]


def finish(folder, cache):
    """Let the run go on to its end; the bytes of its model file."""
    subprocess.run(command(folder, cache), check=True)
    return (folder / "m.safetensors").read_bytes()


def train(folder, cache, **changes):
    """The same run in this process, going on with what is there."""
    arguments = {"cache": cache, "resume": True, **SETTINGS} | changes
    lm.train(MIDI_DATA, folder / "m.safetensors", **arguments)
