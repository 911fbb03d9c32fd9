"""What can be sent to another process, and copied."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.reference import ReferenceBackend
from lstm_music.errors import MidiError
from lstm_music.kernels.step import Stepper, StepWeights
from lstm_music.midi.write import to_midi_bytes
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.model import LanguageModel
from lstm_music.pretrained import model_names

SEEDS = ("chorale.mid", "drums.mid", "jig.mid")

pickled = partial(lambda protocol, value: pickle.loads(pickle.dumps(value, protocol)), 5)
COPIES = pytest.mark.parametrize("copied", [pickled, copy.deepcopy, copy.copy])


def small_model(**options):
    config = {"n_tokens": 7, "n_rows": 11, "n_streams": 2, "embedding_size": 5, "hidden_size": 8}
    return LanguageModel.create(ModelConfig(**(config | options)), rng_seed=1)


def test_a_process_of_a_pool_composes_the_same_bytes():
    """Started afresh, not forked: all that it has came through the pickle."""
    seeds = [lm.read(MIDI_DATA / name) for name in SEEDS]
    compose = partial(lm.load().generate, bars=1, rng_seed=1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(compose, seeds))
        error = pool.submit(lm.read, MIDI_DATA / "none.mid").exception()
    assert [*map(to_midi_bytes, results)] == [to_midi_bytes(compose(seed)) for seed in seeds]
    assert isinstance(error, MidiError)
    assert error.path == MIDI_DATA / "none.mid"


@COPIES
@pytest.mark.parametrize("name", model_names())
def test_a_copied_composer_composes_the_same(name, copied):
    model = lm.load(name)
    twin = copied(model)
    seed = lm.read(MIDI_DATA / ("drums.mid" if name == "drums" else "chorale.mid"))
    assert twin.generate(seed, bars=1, rng_seed=3) == model.generate(seed, bars=1, rng_seed=3)
    assert twin.generate(bars=1, rng_seed=3) == model.generate(bars=1, rng_seed=3)
    assert twin.log_prob(seed) == model.log_prob(seed)
    assert (twin.name, twin.metadata, twin.sampling) == (name, model.metadata, model.sampling)


def test_the_weights_travel_once():
    model = lm.load()
    beside = len(pickle.dumps(model.metadata, 5))  # counts and critics
    assert len(pickle.dumps(model, 5)) < 1.01 * (model.model.flat_params.nbytes + beside)


@COPIES
@pytest.mark.parametrize("name", SEEDS)
def test_a_copied_piece_is_the_same(name, copied):
    piece = lm.read(MIDI_DATA / name).replace(style="folk", repairs=("mended",))
    twin = copied(piece)
    assert twin == piece
    for fact in ("title", "source", "repairs", "unstated", "length_steps"):
        assert getattr(twin, fact) == getattr(piece, fact)
    assert (twin.original is None) == (piece.original is None)
    assert to_midi_bytes(twin) == to_midi_bytes(piece)


@COPIES
@pytest.mark.parametrize(
    "options",
    [{}, {"tied_embedding": True, "hidden_size": 5}, {"learned_state": True}, {"cell": "block"}],
)
def test_a_copied_model_has_parameters_of_its_own(copied, options):
    model = small_model(**options)
    model.flat_grads[...] = 2
    twin = copied(model)
    assert twin.config == model.config
    assert np.array_equal(twin.flat_params, model.flat_params)
    assert np.array_equal(twin.flat_grads, model.flat_grads)
    twin.params["head.W"][...] = 3
    assert np.count_nonzero(twin.flat_params == 3) == twin.params["head.W"].size
    assert not np.any(model.flat_params == 3)


def test_a_copied_model_computes_with_what_it_was_told_to():
    config = small_model().config
    for backend in (CpuBackend(n_threads=2, isa="base"), ReferenceBackend()):
        model = pickled(LanguageModel.create(config, rng_seed=1, backend=backend))
        assert type(model.backend) is type(backend)
    twin = pickled(CpuBackend(n_threads=2, isa="base"))
    assert (twin.n_threads, twin.level) == (2, 0)


@COPIES
def test_a_copied_cell_computes_the_same(copied):
    cell = lm.cells.make("block:size=4", input_size=3, hidden_size=8, dtype="float64", rng_seed=0)
    x = np.random.default_rng(0).standard_normal((5, 2, 3))
    assert np.array_equal(copied(cell).forward(x)[0], cell.forward(x)[0])


@COPIES
@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_copied_weights_take_the_same_steps(precision, copied):
    weights = StepWeights(small_model(), 0, precision)
    twin = copied(weights)
    assert twin.precision == precision
    rows = np.array([3, 9], np.int32)
    assert np.array_equal(Stepper(twin).step_py(rows), Stepper(weights).step_py(rows))
