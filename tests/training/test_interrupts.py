"""S1, S2: a signal at any time leaves a whole state, one line, the right code, no traceback."""

import random
import signal
import subprocess
import sys
import time

import pytest
from paths import MIDI_DATA
from training_runs import SETTINGS, command, finish, times, train

from lstm_music.nn.optimiser import Optimiser
from lstm_music.training import loop
from lstm_music.training.best import BestModel
from lstm_music.training.loop import Trainer
from lstm_music.training.runs.checkpoint import read_checkpoint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

MOST_SECONDS = 60
"""From a signal to the end of the process, on a machine that does much else."""


def interrupted(run, delay, number=signal.SIGINT):
    """(exit code, stderr, seconds to react) of a run that is told to end while it trains."""
    first = run.stderr.readline()  # of the corpus: from now on it trains
    time.sleep(delay)
    sent = time.monotonic()
    run.send_signal(number)
    _, rest = run.communicate(timeout=MOST_SECONDS)
    return run.returncode, first + rest, time.monotonic() - sent


def test_ctrl_c_at_random_times(whole, tmp_path, record_property):
    rng = random.Random(11)
    reactions = []
    n_rounds, each = max(times(10) // 5, 1), 5
    for n in range(n_rounds):
        folder = tmp_path / str(n)
        folder.mkdir()
        for _ in range(each):
            with subprocess.Popen(
                command(folder, whole.cache, "--checkpoint-seconds=1000"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as run:
                code, err, seconds = interrupted(run, rng.uniform(0, whole.seconds / 2))
            assert "Traceback" not in err, err
            # After the last update Python may be ending already, and dies of the signal.
            assert code in {0, 130, -signal.SIGINT}, err
            if code == 130:
                reactions.append(seconds)
                assert err.splitlines()[-1] == "lstm-music: interrupted"
            state = read_checkpoint(folder / "m.run", pytest.fail)
            # None: it was not even begun.
            assert code == 130 or state.facts["tokens"] >= SETTINGS["max_tokens"]
        assert finish(folder, whole.cache) == whole.model
        assert (folder / "m.run" / "metrics.jsonl").read_text() == whole.metrics
    assert reactions
    record_property("reactions in seconds", sorted(reactions))
    print(f"\n{len(reactions)} reactions, {min(reactions):.3f}..{max(reactions):.3f} s")  # noqa: T201


IN_A_SESSION = f"""
import sys
import lstm_music as lm

def train():
    lm.train({str(MIDI_DATA)!r}, sys.argv[1], cache=sys.argv[2], resume=True,
             on_progress=lambda p: print(p.step, file=sys.stderr, flush=True), **{SETTINGS!r})

try:
    train()
except KeyboardInterrupt:
    print("back at the prompt")
train()
print(len(lm.load(sys.argv[1]).generate(bars=1, rng_seed=0).notes) > 0)
"""


def test_ctrl_c_in_a_session_leaves_it_usable(whole, tmp_path):
    """No handler of ours: the KeyboardInterrupt comes out, and the same session goes on."""
    rng = random.Random(12)
    for n in range(max(times(10) // 5, 1)):
        output = tmp_path / f"{n}.safetensors"
        with subprocess.Popen(
            [sys.executable, "-c", IN_A_SESSION, str(output), str(whole.cache)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            for _ in range(rng.randint(1, 60)):  # of 96 updates
                run.stderr.readline()
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=600)
        assert run.returncode == 0, err
        assert out.splitlines()[-2:] == ["back at the prompt", "True"], err
        assert output.read_bytes() == whole.model


def interrupting(monkeypatch, where, name, call):
    """A Ctrl-C in the ``call``-th call of a function, when its work is done."""
    real, left = getattr(where, name), [call]

    def interrupted_call(*args, **kwargs):
        value = real(*args, **kwargs)
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return value

    monkeypatch.setattr(where, name, interrupted_call)


@pytest.mark.parametrize(
    ("where", "name", "call"),
    [
        (Optimiser, "step", 7),
        (Optimiser, "step", 1),
        (loop, "sequence_nll", 2),
        (BestModel, "keep", 1),
        (BestModel, "keep", 3),
    ],
)
def test_ctrl_c_between_two_halves_of_an_update(whole, tmp_path, monkeypatch, where, name, call):
    """Where nobody holds it back: half an update is never saved as a whole one."""
    with monkeypatch.context() as patch:
        interrupting(patch, where, name, call)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, whole.cache)
    train(tmp_path, whole.cache)
    assert (tmp_path / "m.safetensors").read_bytes() == whole.model
    assert (tmp_path / "m.run" / "metrics.jsonl").read_text() == whole.metrics


def test_a_reader_that_goes_away(whole, tmp_path):
    """``lstm-music train ... --json | head -1``."""
    with subprocess.Popen(
        command(tmp_path, whole.cache, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        run.stdout.readline()
        run.stdout.close()
        err = run.stderr.read()
    assert run.returncode == 141
    assert "Traceback" not in err
    assert read_checkpoint(tmp_path / "m.run", pytest.fail).facts["step"] > 1
    assert finish(tmp_path, whole.cache) == whole.model


def test_ctrl_c_right_after_a_validation_keeps_its_line(whole, tmp_path, monkeypatch):
    """Found by 200 random ones: the state was that after the validation, the line was missing."""
    real = Trainer.validate

    def validate(self):
        real(self)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "validate", validate)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, whole.cache)
    train(tmp_path, whole.cache)
    assert (tmp_path / "m.run" / "metrics.jsonl").read_text() == whole.metrics
