"""How far back gradients reach: the constant error carousel, beside leaks and explosions."""

import carousel
import numpy as np
import pytest


def still(steps):
    """Inputs of zero: a cell without biases but the forget gate's stays in its zero state."""
    return np.zeros((steps, 1, carousel.INPUT_SIZE))


def noise(steps):
    return np.random.default_rng(1).standard_normal((steps, 1, carousel.INPUT_SIZE))


DY = np.random.default_rng(2).standard_normal((1, carousel.HIDDEN_SIZE))
DY /= np.linalg.norm(DY)


def test_the_carousel_of_1997_keeps_the_error_constant_for_5000_steps():
    """What c's self-connection of 1.0 is for: exact to rounding, whatever comes in."""
    cell = carousel.with_recurrence(carousel.fresh("lstm-1997"), 0)
    norms = carousel.gradient_norms(cell, noise(5000), DY)
    assert norms[0] > 0.01
    np.testing.assert_allclose(norms, norms[0], rtol=1e-12)
    # With c = 0 the output gate, at 1/2, is all that stands between the loss and c.
    norms = carousel.gradient_norms(cell, still(1000), DY)
    np.testing.assert_allclose(norms, 0.5, rtol=1e-12)


@pytest.mark.parametrize("bias", [0.0, 1.0, 8.0])
def test_a_forget_gate_lets_the_error_fade_by_its_own_factor(bias):
    cell = carousel.with_forget_bias(carousel.fresh("lstm"), bias)
    norms = carousel.gradient_norms(carousel.with_recurrence(cell, 0), still(1000), DY)
    f = 1 / (1 + np.exp(-bias))
    np.testing.assert_allclose(norms, 0.5 * f ** np.arange(1, 1001), rtol=1e-10)


def test_a_gru_without_recurrent_weights_halves_the_error_each_step():
    """Its update gate starts at 1/2."""
    cell = carousel.with_recurrence(carousel.fresh("gru"), 0)
    norms = carousel.gradient_norms(cell, still(500), DY)
    np.testing.assert_allclose(norms, 0.5 ** np.arange(1, 501), rtol=1e-10)


@pytest.mark.parametrize("factor", [1, 4])
def test_a_plain_network_multiplies_the_error_by_its_matrix(factor):
    """And so it vanishes, or explodes, like the powers of U: Hochreiter (1991)."""
    cell = carousel.with_recurrence(carousel.fresh("rnn"), factor)
    expected, error = [], DY
    for _ in range(500):
        error = error @ cell.params["U"]
        expected.append(carousel.norm(error))
    norms = carousel.gradient_norms(cell, still(500), DY)
    np.testing.assert_allclose(norms, expected, rtol=1e-9)
    assert norms[-1] < 1e-100 if factor == 1 else norms[-1] > 1e100


def test_step_by_step_is_the_whole():
    """The measure is right: its last norm is that of one backward call over all steps."""
    cell, x = carousel.fresh("lstm-1997"), noise(60)
    dy = np.zeros((60, 1, carousel.HIDDEN_SIZE))
    dy[-1] = DY
    _, dstate, _ = cell.backward(dy, cell.forward(x)[2])
    norms = carousel.gradient_norms(cell, x, DY)
    np.testing.assert_allclose(norms[-1], np.linalg.norm(dstate), rtol=1e-12)


def test_what_reaches_back_1000_steps_in_fresh_cells():
    """The curves of docs/carousel.svg."""
    far = {name: norms[[99, 999]] for name, norms in carousel.measure(1000).items()}
    for name in ("rnn", "gru", "lstm"):
        assert far[name][1] < 1e-50
    assert far["lstm"][0] > 1e10 * far["gru"][0] > 1e10 * far["rnn"][0]
    # The same on every machine, unlike that of a network in chaos.
    assert far["rnn, U × 1.8, at rest"][1] == pytest.approx(8.0e44, rel=0.01)
    reaching = (
        "lstm, forget bias 8",
        "lstm, forget bias 8, U = 0",
        "lstm-1997",
        "lstm-1997, U = 0",
    )
    assert all((far[name] > 1e-3).all() and (far[name] < 1e3).all() for name in reaching)
    assert len(far) == 4 + len(reaching)


def test_the_plot_is_small_and_the_same_each_time(tmp_path, monkeypatch, capsys):
    for name in ("a.svg", "b.svg"):
        monkeypatch.setattr("sys.argv", ["carousel", "--steps", "40", "-o", str(tmp_path / name)])
        carousel.main()
    assert "lstm-1997" in capsys.readouterr().out
    drawn = (tmp_path / "a.svg").read_bytes()
    assert drawn == (tmp_path / "b.svg").read_bytes()
    assert len(drawn) < 60_000
