"""Training from a folder to a model file: it learns, repeats itself, and survives interrupts."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.corpus.batching.batches import ChunkStream
from lstm_music.corpus.cache import open_cache
from lstm_music.corpus.copies.fingerprints import Fingerprints
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.optim import OPTIMISERS
from lstm_music.pretrained import known_bytes
from lstm_music.tokens.decode import decode
from lstm_music.training.config import TrainConfig
from lstm_music.training.loop import Trainer
from lstm_music.training.schedule import rate_share

TINY = {
    "hidden_size": 24,
    "layers": 1,
    "embedding_size": 16,
    "batch_size": 4,
    "chunk_steps": 32,
    "learning_rate": 0.01,
    "max_tokens": 12_000,
    "evaluate_every": 4_000,
    "rng_seed": 5,
}


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A folder of real files, with a few that cannot be read."""
    folder = tmp_path_factory.mktemp("music")
    for path in MIDI_DATA.glob("*.mid"):
        shutil.copy(path, folder)
    (folder / "empty.mid").write_bytes(b"")
    (folder / "photo.mid").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    return folder


@pytest.fixture(scope="module")
def trained(music, tmp_path_factory):
    """(model file, progress of every update, notes) of one tiny run."""
    folder = tmp_path_factory.mktemp("trained")
    steps, notes = [], []
    lm.train(
        music,
        folder / "m.safetensors",
        on_progress=steps.append,
        on_note=notes.append,
        cache=folder / "cache",
        **TINY,
    )
    return folder / "m.safetensors", steps, notes


def test_it_learns(trained):
    _, steps, _ = trained
    assert steps[-1].tokens >= TINY["max_tokens"]
    assert steps[0].train_loss > 6.5  # log(889) = 6.79 nats a token at the start
    assert steps[-1].best_loss < 4.5
    assert steps[-1].best_loss == min(s.valid_loss for s in steps if s.validated)


def test_files_that_cannot_be_read_are_named_and_left_out(trained):
    _, _, notes = trained
    text = "\n".join(notes)
    assert "empty.mid" in text
    assert "photo.mid" in text
    assert "pieces (" in text


def test_the_model_file_describes_itself_and_composes(trained):
    path, steps, _ = trained
    model, facts = load_model(path)
    assert model.config.hidden_size == TINY["hidden_size"]
    training = facts["training"]
    assert training["settings"]["rng_seed"] == 5
    assert training["valid_nats_per_token"] == pytest.approx(steps[-1].best_loss)
    assert training["corpus"]["train"] >= 10
    assert training["corpus"]["rejected"] == 2
    composer = lm.load(path)
    out = composer.generate(lm.read(MIDI_DATA / "waltz.mid"), bars=1, rng_seed=0)
    assert len(out.notes) > 0


def test_fingerprints_of_the_training_side_stand_beside_the_model(trained):
    path = trained[0]
    known = Fingerprints.from_bytes(known_bytes(path), path.name)
    corpus = open_cache(path.parent / "cache")
    assert known.pieces >= len(corpus.indices("train"))
    for index in corpus.indices("train"):
        piece = decode(corpus.piece_tokens(int(index)))
        if len(piece.notes) > 30:  # of so few pieces the ends are held out
            assert known.longest_run(piece).n_notes >= len(piece.notes) / 3


def test_fingerprints_of_somebody_else_are_not_overwritten(music, tmp_path):
    (tmp_path / "m.known").write_bytes(b"mine")
    with pytest.raises(lm.OutputExistsError, match=r"m\.known"):
        lm.train(music, tmp_path / "m.safetensors")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("m.known", b"mine")]


def test_same_seed_same_model_for_one_and_two_threads(music, trained, tmp_path):
    first = trained[0].read_bytes()
    cache = trained[0].parent / "cache"
    for threads in (1, 2):
        path = tmp_path / f"{threads}.safetensors"
        lm.train(music, path, cache=cache, threads=threads, **TINY)
        assert path.read_bytes() == first


def test_another_seed_another_model(music, trained, tmp_path):
    cache = trained[0].parent / "cache"
    lm.train(music, tmp_path / "m.safetensors", cache=cache, **TINY | {"rng_seed": 6})
    one, _ = load_model(trained[0])
    other, _ = load_model(tmp_path / "m.safetensors")
    assert not np.array_equal(one.flat_params, other.flat_params)


def test_a_wrong_cell_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(lm.ConfigError, match="size=7 has blocks of 7 cells"):
        lm.train(tmp_path / "missing", tmp_path / "m.safetensors", cell="block:size=7")


def test_an_existing_output_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"mine")
    with pytest.raises(lm.OutputExistsError):
        lm.train(tmp_path / "nowhere", tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "setting",
    [
        {"hidden_size": 0},
        {"dropout": 1.0},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"max_tokens": 0},
        {"threads": 0},
        {"chunk_steps": -1},
        {"optimiser": "adagrad"},
        {"momentum": 0.5},
        {"momentum": 1.0, "optimiser": "sgd"},
        {"l2": -1.0},
        {"dropout_kind": "zoneout"},
        {"tied_embedding": True, "embedding_size": 8},
        {"hiden_size": 8},
        {"cell": "lstn"},
        {"cell": "block:size=7"},
    ],
)
def test_bad_settings_are_refused(music, tmp_path, setting):
    with pytest.raises(lm.ConfigError, match=next(iter(setting))):
        lm.train(music, tmp_path / "m.safetensors", **setting)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_gradient_that_is_not_finite_stops_in_its_step(
    music, trained, tmp_path, monkeypatch, optimiser
):
    cache = trained[0].parent / "cache"
    whole = Trainer.update
    updates = []

    def poisoned(trainer, chunk):
        updates.append(chunk)
        if len(updates) == 3:
            trainer._model.flat_params[0] = np.nan
            trainer._model.params["head.b"][:] = np.nan
        whole(trainer, chunk)

    monkeypatch.setattr(Trainer, "update", poisoned)
    with pytest.raises(lm.LstmMusicError, match="update 3"):
        lm.train(music, tmp_path / "m.safetensors", cache=cache, optimiser=optimiser, **TINY)


@pytest.mark.parametrize("optimiser", sorted(OPTIMISERS.keys() - {"adam"}))
def test_every_optimiser_learns_at_its_own_rate(music, trained, tmp_path, optimiser):
    settings = {k: v for k, v in TINY.items() if k != "learning_rate"}
    settings |= {"optimiser": optimiser, "l2": 1e-5}
    path, steps = tmp_path / "m.safetensors", []
    cache = trained[0].parent / "cache"
    lm.train(music, path, cache=cache, on_progress=steps.append, **settings)
    assert steps[-1].best_loss < 5.5  # log(889) = 6.79 at the start
    recorded = load_model(path)[1]["training"]["settings"]
    assert recorded["optimiser"] == optimiser
    assert recorded["learning_rate"] == OPTIMISERS[optimiser].default_rate


def test_whole_pieces_give_the_gradient_of_each_piece_in_one_pass(trained):
    """chunk_steps 0: nothing is cut, so a batch's gradient is the mean over its pieces' tokens."""
    cache = open_cache(trained[0].parent / "cache")
    sizes = load_model(trained[0])[0].config
    model = LanguageModel.create(dataclasses.replace(sizes, dropout=0.0), 0, dtype="float64")
    stream = ChunkStream(cache, batch_size=3, chunk_length=None, rng_seed=1)
    chunk = next(stream)
    assert chunk.lengths.min() < chunk.lengths.max()
    model.train_chunk(chunk.rows, chunk.targets, model.initial_state(3), chunk.lengths)
    together = model.flat_grads.copy()
    alone = np.zeros_like(together)
    for b, length in enumerate(chunk.lengths):
        piece = (array[:length, b : b + 1] for array in (chunk.rows, chunk.targets))
        model.flat_grads[:] = 0
        _, n_targets, _ = model.train_chunk(*piece, model.initial_state(1))
        assert n_targets == length
        alone += model.flat_grads * (n_targets / chunk.n_targets)
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12 * np.abs(alone).max())


def test_a_stack_with_every_option_trains_and_composes(music, trained, tmp_path):
    cache = trained[0].parent / "cache"
    options = {"dropout_kind": "variational"} | dict.fromkeys(
        ("residual", "tied_embedding", "learned_state"), True
    )
    settings = TINY | options | {"layers": 2, "embedding_size": 24}
    path, steps = tmp_path / "m.safetensors", []
    lm.train(music, path, cache=cache, on_progress=steps.append, **settings)
    assert steps[-1].best_loss < 5
    model, facts = load_model(path)
    assert facts["sizes"].items() >= options.items()
    assert model.params["start.0"].any()  # pieces start mid-stream, and it learns from them
    assert len(lm.load(path).generate(lm.read(MIDI_DATA / "waltz.mid"), bars=1).notes)


def test_training_on_whole_pieces(music, trained, tmp_path):
    cache = trained[0].parent / "cache"
    settings = TINY | {"chunk_steps": 0, "max_tokens": 40_000}
    steps = []
    path = tmp_path / "m.safetensors"
    lm.train(music, path, cache=cache, on_progress=steps.append, **settings)
    assert steps[-1].best_loss < 6.2


def test_an_interrupt_keeps_a_usable_model(music, trained, tmp_path):
    cache = trained[0].parent / "cache"

    def stop(progress):
        if progress.step == 7:  # before the first validation is due
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lm.train(music, tmp_path / "m.safetensors", cache=cache, on_progress=stop, **TINY)
    model, facts = load_model(tmp_path / "m.safetensors")
    assert facts["training"]["step"] == 7
    assert np.isfinite(model.flat_params).all()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_on_the_command_line(music, trained, tmp_path):
    cache = trained[0].parent / "cache"
    sizes = ["--hidden-size", "16", "--layers", "1", "--batch-size", "2"]
    command = [sys.executable, "-m", "lstm_music", "train", music, "-o", "m.safetensors", *sizes]
    command += ["--max-tokens", "100000000", "--evaluate-every", "2000", "--cache", cache, "--json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert json.loads(run.stdout.readline())["valid_nats_per_token"] > 0
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == "lstm-music: interrupted"
    load_model(tmp_path / "m.safetensors")


def test_learning_rate_rises_then_falls():
    rates = [rate_share("cosine", p, 0.02) for p in np.linspace(0, 1, 101)]
    top = int(np.argmax(rates))
    assert rates[0] == 0.0
    assert rates[top] == pytest.approx(1.0)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.05)


def test_config_names_what_is_wrong():
    with pytest.raises(lm.ConfigError, match="batch_size must be 1 or more, got 0"):
        TrainConfig(batch_size=0)
