"""N1: a run that is lost says so in the update in which that shows; what is on disk stays good."""

import dataclasses
import math
import re

import numpy as np
import pytest
from corpus_data import cache_of, random_piece
from model_cases import SMALL, make_chunk
from training_runs import train

import lstm_music as lm
from lstm_music.corpus.batching.batches import Chunk, ChunkStream
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model
from lstm_music.nn.optim import OPTIMISERS
from lstm_music.training.config import TrainConfig
from lstm_music.training.job import new_model
from lstm_music.training.loop import Trainer
from lstm_music.training.runs.checkpoint import read_checkpoint

QUICK = {"evaluate_every": 400, "checkpoint_seconds": 0.0}


def whole_and_finite(folder):
    """The step of the last checkpoint; whatever is on disk loads and is finite."""
    if (folder / "m.safetensors").exists():
        _, facts = load_model(folder / "m.safetensors")  # refuses what is not finite
        assert math.isfinite(facts["training"]["best_loss"])
    checkpoint = read_checkpoint(folder / "m.run", pytest.fail)
    for name, entry in checkpoint.entries.items():
        assert np.isfinite(checkpoint.tensor(name, tuple(entry["shape"]))).all(), name
    return checkpoint.facts["step"]


def poison_weights(value):
    def poison(model):
        model.params["head.b"][0] = value

    return poison


def poison_gradient(value):
    def poison(model):
        real = model.train_chunk

        def poisoned(*args, **kwargs):
            result = real(*args, **kwargs)
            model.flat_grads[7] = value
            return result

        model.train_chunk = poisoned

    return poison


FAULTS = {
    "NaN in the weights": poison_weights(np.nan),
    "infinity in the weights": poison_weights(np.inf),
    "weights that overflow": poison_weights(3e38),
    "a loss of 10,000 nats": poison_weights(1e4),
    "NaN in the gradient": poison_gradient(np.nan),
    "infinity in the gradient": poison_gradient(-np.inf),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed_in_its_update(whole, tmp_path, monkeypatch, fault):
    """It was the memory, say: the run goes on from its last checkpoint, and ends the same."""
    update = Trainer.update

    def faulty(trainer, chunks):
        if trainer._step == 6:
            FAULTS[fault](trainer._model)
        update(trainer, chunks)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "update", faulty)
        with pytest.raises(lm.LstmMusicError, match=r"at update 7: .*force=True.*--from") as caught:
            train(tmp_path, whole.cache, **QUICK)
    assert "\n" not in str(caught.value)
    assert whole_and_finite(tmp_path) <= 6
    assert load_model(tmp_path / "m.safetensors")[1]["training"]["step"] <= 6
    train(tmp_path, whole.cache, **QUICK)
    assert whole_and_finite(tmp_path) > 6


@pytest.mark.parametrize("learning_rate", [1e9, 1e38, 1e300])
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_learning_rate_beyond_reason(whole, tmp_path, optimiser, learning_rate):
    """With a validation after every update, so that a lost model would be the first best."""
    settings = {"optimiser": optimiser, "learning_rate": learning_rate, "evaluate_every": 1}
    said = re.escape(f"learning rate below {learning_rate:g}")
    with pytest.raises(lm.LstmMusicError, match=said):
        train(tmp_path, whole.cache, checkpoint_seconds=0.0, **settings)
    assert whole_and_finite(tmp_path) <= 2
    assert load_model(tmp_path / "m.safetensors")[1]["training"]["best_loss"] < 7


def test_a_spike_of_the_loss_is_lived_through(whole, tmp_path, monkeypatch):
    update, losses = Trainer.update, {}

    def spiked(trainer, chunks):
        if trainer._step == 6:
            poison_weights(50.0)(trainer._model)
        update(trainer, chunks)

    monkeypatch.setattr(Trainer, "update", spiked)
    settings = QUICK | {"learning_rate": 0.01}

    def note(progress):
        if progress.validated:
            losses[progress.step] = progress.valid_loss

    train(tmp_path, whole.cache, on_progress=note, **settings)
    assert min(losses.values()) < 7
    assert max(losses.values()) > 20
    assert min(losses) < 7 < max(losses)  # updates
    _, facts = load_model(tmp_path / "m.safetensors")
    assert facts["training"]["best_loss"] < 7
    whole_and_finite(tmp_path)


class Stream(ChunkStream):
    """A stream whose third chunk has nothing to predict."""

    n = 0

    def __next__(self):
        chunk = super().__next__()
        self.n += 1
        if self.n != 3:
            return chunk
        nothing = np.zeros_like(chunk.lengths)
        return Chunk(chunk.rows, chunk.targets, nothing, chunk.starts, chunk.epoch)


@pytest.mark.parametrize("accumulate", [1, 2, 3])
def test_a_batch_without_a_target(accumulate):
    rng = np.random.default_rng(0)
    cache = cache_of([random_piece(rng) for _ in range(5)])
    config = TrainConfig(
        hidden_size=8, embedding_size=4, layers=1, batch_size=3, accumulate=accumulate
    )
    model = new_model(config)
    stream = Stream(cache, batch_size=3, chunk_length=7)
    trainer = Trainer(model, stream, [], config, lambda _, __: None)
    seen = [progress for progress, _ in zip(trainer.run(), range(5), strict=False)]
    assert all(math.isfinite(progress.train_loss) for progress in seen)
    assert np.isfinite(model.flat_params).all()
    assert seen[-1].tokens > seen[0].tokens


def test_a_chunk_without_a_target_has_no_gradient():
    model = LanguageModel.create(SMALL, 3)
    chunk = make_chunk(model, 5, 3)
    model.flat_grads[:] = 0
    nothing = np.full_like(chunk.targets, -1)
    nll, n, state = model.train_chunk(chunk.rows, nothing, chunk.state, chunk.lengths)
    assert (nll, n) == (0.0, 0)
    assert not model.flat_grads.any()
    assert all(np.isfinite(layer).all() for layer in state)


def denormals():
    """What flushing to zero, or taking denormals for zero, would make 0."""
    small = np.full(2, np.finfo(np.float32).smallest_normal, np.float32)
    tiny = np.full(2, np.finfo(np.float64).smallest_normal)
    return [*(small / 4), *(small / 4 * np.float32(2)), *(tiny / 4), *(tiny / 4 * 2)]


@pytest.mark.parametrize("scale", [1e-20, 1e-38, 1e-42, 0.0])
def test_denormals_train_and_the_callers_arithmetic_is_left_alone(scale):
    model = LanguageModel.create(dataclasses.replace(SMALL, dropout=0.0), 3)
    model.flat_params[:] *= np.float32(scale)
    optimiser = OPTIMISERS["adam"](model.flat_params.size)
    chunk = make_chunk(model, 5, 3)
    before, settings = denormals(), np.geterr()
    with np.errstate(all="raise"):  # a host of ours may have set that
        model.train_chunk(chunk.rows, chunk.targets, chunk.state, chunk.lengths)
        norm = optimiser.step(model.flat_params, model.flat_grads, 1e-3, 1.0)
        during = np.geterr()
    assert math.isfinite(norm)
    assert np.isfinite(model.flat_params).all()
    assert 0.0 not in before
    assert denormals() == before
    assert np.geterr() == settings
    assert set(during.values()) == {"raise"}
