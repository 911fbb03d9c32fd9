"""The adding problem, at a lag short enough for every day; docs/adding_problem.md has 1,000."""

import adding_problem as adding
import numpy as np
import pytest

LAG = 100


def trained(cell, updates=500):
    adder = adding.Adder(cell, 32, LAG, rng_seed=0)
    for error in adding.train(adder, LAG, 32, updates, learning_rate=0.01, rng_seed=0):
        assert np.isfinite(error)
    return np.square(adding.misses(adder, LAG, rng_seed=0)).mean()


def test_an_lstm_learns_it():
    assert trained("lstm") < 0.1 * adding.GUESS_MSE


def test_a_plain_network_does_not():
    assert trained("rnn") > 0.9 * adding.GUESS_MSE


def test_the_same_seed_trains_the_same_network():
    assert trained("lstm", updates=3) == trained("lstm", updates=3)


def test_the_task_is_what_it_says():
    x, target = adding.make_batch(np.random.default_rng(0), LAG, 4000)
    assert x.shape == (LAG, 4000, 2)
    assert ((x[..., 0] >= 0) & (x[..., 0] < 1)).all()
    assert (x[:10, :, 1].sum(axis=0) == 1).all()
    assert (x[10 : LAG // 2, :, 1].sum(axis=0) == 1).all()
    assert not x[LAG // 2 :, :, 1].any()
    np.testing.assert_allclose((x[..., 0] * x[..., 1]).sum(axis=0), target, rtol=1e-6)
    assert np.square(target - 1).mean() == pytest.approx(adding.GUESS_MSE, rel=0.05)


def test_gradients_of_readout_and_cell_lower_the_error():
    """A batch learnt by heart: the readout's gradient is written by hand in the example."""
    adder = adding.Adder("lstm", 8, 22, rng_seed=0)
    batch = adding.make_batch(np.random.default_rng(0), 22, 4)
    errors = [adder.learn(*batch, 0.02) for _ in range(300)]
    assert errors[-1] < 1e-3 < errors[0]


def test_the_program_runs(monkeypatch, capsys):
    options = ["--lag", "30", "--updates", "100", "--hidden-size", "4", "--cell", "gru"]
    monkeypatch.setattr("sys.argv", ["adding_problem", *options])
    adding.main()
    out = capsys.readouterr().out
    assert "100 updates" in out
    assert "1000 new sequences" in out


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--lag", "21", "at least 22, got 21"), ("--cell", "lstn", "no cell is called 'lstn'")],
)
def test_bad_options_are_refused_in_one_line(option, value, message, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["adding_problem", option, value])
    with pytest.raises(SystemExit):
        adding.main()
    assert message in capsys.readouterr().err
