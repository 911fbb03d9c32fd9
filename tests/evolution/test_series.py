"""Evolino on a series: the closed loop, members side by side, readouts, a run in a folder."""

import pickle

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.errors import ConfigError, OutputExistsError, ShapeError
from lstm_music.evolution import population
from lstm_music.evolution.closed_loop import can_fold, free_run
from lstm_music.evolution.population import SideBySide, can_share
from lstm_music.evolution.series import WORST, SeriesFitness
from lstm_music.nn import cell
from lstm_music.nn.sequence_net import SequenceNet

BACKEND = get_backend("cpu", n_threads=1)
T = np.arange(160.0)[:, None]
SINE = np.sin(0.3 * T)


def make_net(name="lstm", H=4, **options):
    sizes = {"input_size": 1, "hidden_sizes": (H,), "output_size": 1, "dtype": "float64"}
    return SequenceNet(name, **sizes | options, backend=BACKEND)


def make_fitness(name="lstm", H=4, **options):
    return SeriesFitness(make_net(name, H), SINE, washout=20, **options)


def by_hand(name, candidate, starts, horizon):
    """The closed-loop error, step by step."""
    net = make_fitness(name).trained(candidate)
    errors = []
    for start in starts:
        said, state, _ = net.forward(SINE[:start, None])
        rest, _ = free_run(net, said[-1], state, horizon - 1)
        run = np.concatenate([said[-1:], rest])[:, 0]
        errors.append(np.square(run - SINE[start : start + horizon]))
    return np.sqrt(np.mean(errors)) / SINE.std()


SHARING = [name for name in cell_names() if can_share(cell_spec(name))]
PLAIN = [name for name in cell_names() if name not in {"conv-lstm"}]


@pytest.mark.parametrize("name", PLAIN)
def test_the_fitness_is_the_closed_loop_error(name):
    fitness = make_fitness(name, starts=(30, 50), horizon=7)
    candidates = np.random.default_rng(0).uniform(-0.5, 0.5, (3, fitness.size))
    wanted = [by_hand(name, candidate, (30, 50), 7) for candidate in candidates]
    assert np.allclose(fitness(candidates), wanted, rtol=1e-4)


def test_some_cells_fold_and_some_step():
    assert can_fold(cell_spec("peephole"))
    assert not can_fold(cell_spec("gru"))
    assert not can_fold(cell_spec("peephole-cell"))


@pytest.mark.parametrize("name", SHARING)
def test_members_side_by_side_are_what_they_are_alone(name):
    made = [
        cell.make(name, input_size=2, hidden_size=3, dtype="float64", rng_seed=seed)
        for seed in range(5)
    ]
    together = SideBySide(cell_spec(name), [one.params for one in made], BACKEND, 2)
    x = np.random.default_rng(0).standard_normal((6, 2, 2))
    for part, joined in together:
        y, _, _ = joined.forward(x)
        for alone, mine in zip(made[part], together.split(y)):
            assert np.allclose(alone.forward(x)[0], mine, atol=1e-12)


def test_how_many_share_a_call():
    spec = cell_spec("lstm")
    assert population.members_a_call(spec, 5) == population.SIDE_BY_SIDE_UNITS // 5
    assert population.members_a_call(spec, 500) == 1
    assert population.members_a_call(cell_spec("layernorm-lstm"), 5) == 1


def test_a_network_that_runs_away_is_the_worst():
    fitness = make_fitness()
    assert fitness(np.full((1, fitness.size), np.nan)) == [WORST]


@pytest.mark.parametrize("readout", ["pinv", "ridge", "svm"])
def test_evolino_goes_on_with_a_sine(readout):
    evolved = lm.evolution.evolino(
        SINE[:120], hidden_size=6, washout=20, readout=readout, scale=1e-3, generations=2,
        population=8, backend=BACKEND,
    )  # fmt: skip
    miss = evolved.go_on(SINE[:120], 40) - SINE[120:]
    assert np.sqrt(np.square(miss).mean()) < (0.3 if readout == "svm" else 0.01)


def test_evolution_betters_the_first_generation():
    values = sum(np.sin(f * T) for f in (0.2, 0.311, 0.42))
    seen = []
    lm.evolution.evolino(
        values, hidden_size=8, washout=30, scale=1e-4, generations=12, population=16,
        backend=BACKEND, on_generation=lambda now: seen.append(now.best_loss),
    )  # fmt: skip
    assert seen[-1] < 0.9 * seen[0]
    assert seen == sorted(seen, reverse=True)


def losses_of(candidates):
    return np.square(candidates - 1).sum(axis=1)


def test_a_run_in_a_folder_goes_on_bit_for_bit(tmp_path):
    whole = lm.evolution.es(
        losses_of, np.zeros(3), generations=8, output=tmp_path / "w.safetensors"
    )
    part = tmp_path / "p.safetensors"
    lm.evolution.es(losses_of, np.zeros(3), generations=3, output=part)
    with pytest.raises(OutputExistsError):
        lm.evolution.es(losses_of, np.zeros(3), generations=8, output=part)
    with pytest.raises(ConfigError, match="sigma was"):
        lm.evolution.es(losses_of, np.zeros(3), sigma=0.3, output=part, resume=True)
    found = lm.evolution.es(losses_of, np.zeros(3), generations=8, output=part, resume=True)
    assert part.read_bytes() == (tmp_path / "w.safetensors").read_bytes()
    assert found.loss == whole.loss < losses_of(np.zeros((1, 3)))[0]
    assert np.array_equal(lm.evolution.read_found(part), found.params)
    lines = [(tmp_path / f"{name}.run" / "metrics.jsonl").read_text() for name in "wp"]
    assert lines[0] == lines[1]
    assert lines[0].count("\n") == 8


def test_a_search_ends_when_it_is_good_enough():
    found = lm.evolution.ga(losses_of, np.zeros(3), sigma=0.3, until=0.5, generations=500)
    assert found.loss <= 0.5
    assert found.generations < 500


def test_a_net_keeps_its_flat_array_through_pickle():
    net = make_net("peephole")
    again = pickle.loads(pickle.dumps(net))
    again.flat[:] = 0
    assert not again.V.any()
    assert np.array_equal(again.cells[0].params["U"], 0 * net.cells[0].params["U"])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="one recurrent layer"):
        SeriesFitness(make_net(hidden_sizes=(2, 2)), SINE, washout=5)
    with pytest.raises(ShapeError, match="as many inputs"):
        SeriesFitness(make_net(input_size=2), SINE, washout=5)
    with pytest.raises(ConfigError, match="must lie in a series"):
        make_fitness(starts=(150,), horizon=20)
    with pytest.raises(ConfigError, match="readout"):
        lm.evolution.evolino(SINE, readout="guess")
    with pytest.raises(ShapeError, match="series"):
        lm.evolution.evolino(SINE[:, 0])
