"""A run that begins with a model, on few pieces: never worse than that, resumed to the byte."""

import json
import re
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest
from corpus_data import random_piece
from training_runs import SETTINGS

import lstm_music as lm
from lstm_music.corpus.cache import token_cache
from lstm_music.corpus.ends import hold_out
from lstm_music.nn.model_file import load_model
from lstm_music.training import loop
from lstm_music.training.base import load_base
from lstm_music.training.held_out import nats_a_note
from lstm_music.training.interrupt import Interrupt
from lstm_music.training.job import new_model
from lstm_music.training.mixtures import mixtures
from lstm_music.training.runs.checkpoint import read_checkpoint
from lstm_music.training.settings import make_config

TINY = {n: SETTINGS[n] for n in ("hidden_size", "embedding_size", "layers")}
QUICK = {"chunk_steps": 32, "max_tokens": 3_000, "evaluate_every": 1_000, "rng_seed": 5}


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("songs")
    rng = np.random.default_rng(8)
    for i in range(3):
        random_piece(rng, 80, "folk").write(folder / f"{i}.mid")
    return folder


@pytest.fixture(scope="module")
def base(songs, tmp_path_factory):
    output = tmp_path_factory.mktemp("base") / "base.safetensors"
    lm.train(songs, output, **TINY, chunk_steps=32, max_tokens=400, evaluate_every=200)
    return output


def held_out_nats(songs, output):
    corpus, _ = hold_out(token_cache([songs]))
    base = load_base(output)
    return nats_a_note(new_model(make_config(base.merged({})), base), corpus)


def test_the_last_line_says_what_it_has_brought(songs, base, tmp_path):
    output, notes = tmp_path / "m.safetensors", []
    lm.train(songs, output, base=base, on_note=notes.append, **QUICK)
    before, now = held_out_nats(songs, base), held_out_nats(songs, output)
    assert now < before
    line = f"held-out music: {before:.2f} nats a note with {base}, {now:.2f} now"
    assert notes[-1] == line


def test_a_run_from_nothing_has_nothing_to_compare_with(songs, tmp_path):
    notes = []
    lm.train(songs, tmp_path / "m.safetensors", on_note=notes.append, **TINY, **QUICK)
    assert not any("held-out music" in note for note in notes)


def test_a_run_that_makes_it_worse_leaves_the_base_and_stops(songs, base, tmp_path):
    output, steps, notes = tmp_path / "m.safetensors", [], []
    lm.train(
        songs,
        output,
        base=base,
        on_progress=steps.append,
        on_note=notes.append,
        **QUICK | {"max_tokens": 100_000, "evaluate_every": 500},
        learning_rate=30.0,
        warmup=0.0,
    )
    assert steps[0].step == 0 and steps[0].validated
    assert steps[-1].best_loss == steps[0].valid_loss
    assert steps[-1].tokens < 5_000  # stop_after is 3 for few pieces
    assert np.array_equal(load_model(output)[0].flat_params, load_base(base).weights)
    assert re.fullmatch(
        rf"held-out music: \d+\.\d\d nats a note with {re.escape(str(base))}; "
        "no validation was better, so its weights are kept",
        notes[-1],
    )
    assert "ended early: no validation was better for long (--stop-after)" in notes


def test_few_pieces_have_settings_of_their_own_and_what_is_given_wins(songs, base, tmp_path):
    notes = []
    lm.train(songs, tmp_path / "m.safetensors", base=base, on_note=notes.append, **QUICK)
    settings = load_model(tmp_path / "m.safetensors")[1]["training"]["settings"]
    assert {n: settings[n] for n in QUICK} == QUICK
    assert settings["stop_after"] == 3
    (line,) = [note for note in notes if note.startswith("for so few pieces: ")]
    assert "stop after 3" in line
    assert "max tokens" not in line


def test_resumed_it_ends_the_same(songs, base, tmp_path):
    """Broken off after the first validation, before any update, and in the middle."""
    lm.train(songs, tmp_path / "whole.safetensors", base=base, **QUICK)

    def broken(n):
        def stop(progress):
            if progress.step == n:
                raise KeyboardInterrupt

        return stop

    output = tmp_path / "parts.safetensors"
    for n in (0, 1, 7):
        with pytest.raises(KeyboardInterrupt):
            lm.train(
                songs,
                output,
                base=base,
                resume=True,
                interrupt=Interrupt(),
                on_progress=broken(n),
                **QUICK,
            )
    lm.train(songs, output, base=base, resume=True, **QUICK)
    assert output.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    lines = (tmp_path / "parts.run" / "metrics.jsonl").read_text()
    assert lines == (tmp_path / "whole.run" / "metrics.jsonl").read_text()
    assert json.loads(lines.splitlines()[0])["step"] == 0


PEAK = """
import sys
from lstm_music.cli.main import run
code = run(sys.argv[1:])
lines = open("/proc/self/status").read().splitlines()
print([line.split()[1] for line in lines if line.startswith("VmHWM")][0])
raise SystemExit(code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("options", [["--from=default"], ["--batch-size=64", "--chunk-steps=300"]])
def test_the_memory_that_a_dry_run_says_is_what_the_run_takes(songs, tmp_path, options):
    command = [
        sys.executable,
        "-c",
        PEAK,
        "train",
        str(songs),
        "-o",
        str(tmp_path / "m.safetensors"),
    ]
    command += [*options, "--max-tokens=12000", "--evaluate-every=6000", "--json"]

    def lines(*more):
        run = subprocess.run([*command, *more], capture_output=True, text=True, check=True)
        return run.stdout.splitlines()

    told = json.loads(lines("--dry-run")[0])["memory_bytes"]
    taken = 1024 * int(lines()[-1])
    assert told == pytest.approx(taken, rel=0.15)


TOO_FAR = QUICK | {
    "max_tokens": 2_000,
    "evaluate_every": 2_000,
    "learning_rate": 0.1,
    "schedule": "constant",
    "warmup": 0.0,
}
"""Half of the way would have been better."""


def test_what_goes_too_far_is_mixed_with_the_base(songs, base, tmp_path):
    output, notes, steps = tmp_path / "m.safetensors", [], []
    lm.train(songs, output, base=base, on_note=notes.append, on_progress=steps.append, **TOO_FAR)
    model, facts = load_model(output)
    share = facts["training"]["base_share"]
    checkpoint = read_checkpoint(tmp_path / "m.run", notes.append)
    last = checkpoint.tensor("params", model.flat_params.shape)
    mixed = last + np.float32(share) * (load_base(base).weights - last)
    np.testing.assert_allclose(model.flat_params, mixed, rtol=1e-6, atol=1e-7)
    assert facts["training"]["valid_nats_per_token"] < steps[-1].best_loss
    assert f" (its weights mixed in: {share:.0%}), " in notes[-1]


def test_what_goes_well_is_left_unmixed(songs, base, tmp_path):
    output, steps = tmp_path / "m.safetensors", []
    lm.train(songs, output, base=base, on_progress=steps.append, **QUICK)
    training = load_model(output)[1]["training"]
    assert "base_share" not in training
    assert training["valid_nats_per_token"] == steps[-1].best_loss


@pytest.mark.parametrize("scored", [0, 1])
def test_broken_off_between_mixtures_it_ends_the_same(songs, base, tmp_path, monkeypatch, scored):
    lm.train(songs, tmp_path / "whole.safetensors", base=base, **TOO_FAR)
    output = tmp_path / "parts.safetensors"

    def some(model, weights):
        yield from islice(mixtures(model, weights), scored)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "mixtures", some)
        with pytest.raises(KeyboardInterrupt):
            lm.train(songs, output, base=base, **TOO_FAR)
    for _ in range(2):  # the second time all is done
        lm.train(songs, output, base=base, resume=True, **TOO_FAR)
        assert output.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
