"""The searches: they find what there is to find, and go on bit for bit from a checkpoint."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.errors import ConfigError, ModelFileError, ShapeError
from lstm_music.evolution.strategy import centred_ranks
from lstm_music.evolution.subpopulations import SubPopulations, unit_groups

WANTED = np.linspace(-1, 1, 12)


def losses_of(candidates):
    """A bowl, four times as steep one way as another."""
    return (np.linspace(1, 4, 12) * np.square(candidates - WANTED)).sum(axis=1)


def make(name, **options):
    start = options.pop("start", np.zeros(12))
    if name == "esp":
        groups = [np.arange(i, 12, 3) for i in range(3)]
        return SubPopulations(start, groups=groups, **options)
    kinds = {
        "es": lm.evolution.EvolutionStrategy,
        "ga": lm.evolution.GeneticAlgorithm,
        "cma": lm.evolution.CovarianceSearch,
        "sep-cma": lm.evolution.CovarianceSearch,
    }
    if name == "sep-cma":
        options["covariance"] = "diagonal"
    return kinds[name](start, **options)


NAMES = ["es", "ga", "cma", "sep-cma", "esp"]


def go(search, generations):
    for _ in range(generations):
        search.tell(losses_of(search.ask()))
    return search


@pytest.mark.parametrize("name", NAMES)
def test_a_search_comes_near_the_lowest_point(name):
    before = losses_of(np.zeros((1, 12)))[0]
    search = go(make(name, sigma=0.1), 100)
    assert losses_of(search.center[None])[0] < before / 20


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_finds_the_same_and_another_does_not(name):
    one, same = (go(make(name, rng_seed=3), 5).center for _ in range(2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, go(make(name, rng_seed=4), 5).center)


@pytest.mark.parametrize("name", NAMES)
def test_a_search_goes_on_bit_for_bit(name):
    search = go(make(name, rng_seed=3), 12)
    arrays, facts = search.state()
    arrays = {key: array.copy() for key, array in arrays.items()}
    go(search, 12)
    again = make(name, rng_seed=3)
    again.restore(lambda key, shape: arrays[key].reshape(shape), facts)
    assert again.generation == 12
    go(again, 12)
    assert np.array_equal(again.center, search.center)
    assert np.array_equal(again.ask(), search.ask())


@pytest.mark.parametrize("name", NAMES)
def test_a_search_leaves_numpys_own_random_numbers_alone(name):
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    go(make(name), 3)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("name", NAMES)
def test_a_candidate_without_a_loss_is_the_worst(name):
    search = make(name, sigma=0.1)
    for _ in range(60):
        losses = losses_of(search.ask())
        losses[::3] = np.nan
        search.tell(losses)
    assert losses_of(search.center[None])[0] < losses_of(np.zeros((1, 12)))[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_state_is_refused(name):
    with pytest.raises(ModelFileError, match="does not fit"):
        make(name).restore(lambda key, shape: np.zeros(shape), {"generation": "many"})


def test_float32_stays_float32():
    for name in NAMES:
        search = go(make(name, start=np.zeros(12, np.float32)), 3)
        assert search.center.dtype == search.ask().dtype == np.float32


def test_mirrored_candidates_lie_on_either_side_of_the_centre():
    search = make("es", start=np.full(12, 7.0), population=10)
    candidates = search.ask()
    assert np.allclose((candidates[:5] + candidates[5:]) / 2, 7)
    assert candidates.std() > 0.01


def test_ranks_do_not_feel_how_bad_the_worst_is():
    assert centred_ranks(np.array([1.0, 2.0, 3.0])).tolist() == [-0.5, 0.0, 0.5]
    assert centred_ranks(np.array([1.0, 2.0, 1e9])).tolist() == [-0.5, 0.0, 0.5]
    assert centred_ranks(np.array([5.0, 5.0])).tolist() == [0.0, 0.0]


def test_a_child_has_every_group_whole_from_one_parent():
    groups = [np.array([0, 1, 2]), np.array([3, 4, 5])]
    search = lm.evolution.GeneticAlgorithm(
        np.zeros(6), population=12, sigma=1e-9, groups=groups, crossover=1, parents=1
    )
    search._people[...] = np.arange(12)[:, None]
    search.tell(np.arange(12.0))
    children = np.rint(search.ask())
    assert (children[:, :3] == children[:, :1]).all()
    assert (children[:, 3:] == children[:, 3:4]).all()
    assert (children[:, 0] != children[:, 3]).any()


def test_the_best_lives_on():
    search = lm.evolution.GeneticAlgorithm(np.zeros(12), population=10, elite=2)
    candidates = search.ask()
    losses = losses_of(candidates)
    search.tell(losses)
    assert np.array_equal(search.ask()[:2], candidates[np.argsort(losses)[:2]])


def test_every_chromosome_is_in_as_many_networks_as_it_has_trials():
    search = make("esp", population=24, trials=3)
    networks = search.ask()
    for group in (np.arange(i, 12, 3) for i in range(3)):
        _, counts = np.unique(networks[:, group], axis=0, return_counts=True)
        assert counts.tolist() == [3] * 8


def test_a_burst_begins_anew_around_the_best_network():
    search = make("esp", population=16, patience=2, sigma=1e-6, spread=1)
    search.tell(np.arange(16.0))
    best = search.center.copy()
    for _ in range(2):
        assert np.abs(search.ask() - best).max() > 0.01
        search.tell(np.arange(1.0, 17.0))
    assert search.bursts == 1
    assert np.median(np.abs(search.ask() - best)) < 1e-5


@pytest.mark.parametrize("cell", ["lstm", "peephole", "gru", "block", "memory-gated", "mingru"])
def test_the_units_of_a_layer_share_out_its_parameters(cell):
    made = lm.cells.make(cell, input_size=3, hidden_size=4, dtype="float64")
    groups = unit_groups([made.params, made.params], first=5)
    n = sum(array.size for array in made.params.values())
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(5, 5 + 2 * n))
    assert len(groups) == 8


def test_a_unit_has_its_own_rows_and_peepholes():
    made = lm.cells.make("peephole", input_size=2, hidden_size=3, dtype="float64")
    for unit, group in enumerate(unit_groups([made.params])):
        marked = np.zeros(sum(array.size for array in made.params.values()))
        marked[group] = 1
        start = 0
        for name, array in made.params.items():
            part = marked[start : start + array.size].reshape(array.shape)
            start += array.size
            rows = part.T if name == "p" else part
            wanted = np.arange(len(rows)) % 3 == unit
            assert (rows[wanted] == 1).all()
            assert (rows[~wanted] == 0).all()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("es", {"population": 5}, "even"),
        ("es", {"learning_rate": 0}, "learning_rate"),
        ("es", {"sigma": 0}, "sigma"),
        ("ga", {"elite": 99}, "elite"),
        ("ga", {"rng_seed": -1}, "rng_seed"),
        ("cma", {"covariance": "round"}, "full or diagonal"),
        ("cma", {"start": np.zeros(1001)}, "1,000 parameters at most"),
        ("esp", {"population": 12, "trials": 2}, "8 chromosomes"),
    ],
)
def test_what_is_out_of_range_is_refused(name, options, words):
    with pytest.raises(ConfigError, match=words):
        make(name, **options)


def test_a_start_or_losses_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match="start"):
        make("es", start=np.zeros((2, 2)))
    with pytest.raises(ShapeError, match="losses"):
        make("es").tell(np.zeros(3))
