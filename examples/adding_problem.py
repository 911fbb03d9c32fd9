"""The adding problem: an LSTM adds two numbers that it read a thousand steps ago.

Each step shows a number, uniform in 0..1, and a mark. Two numbers of a sequence are marked; after
the last step their sum is asked for. Guessing 1 has a mean squared error of 1/6 = 0.167; to do
better, the network has to carry the numbers to the end past all the others.

    python examples/adding_problem.py                     # learns; some minutes
    python examples/adding_problem.py --cell rnn          # does not
    python examples/adding_problem.py --lag 100 --learning-rate 0.01 --updates 500

The task is experiment 4 of Hochreiter & Schmidhuber (1997), Neural Computation 9(8), with the
numbers and the loss of Le, Jaitly & Hinton (2015), arXiv:1504.00941. The marks stand where the
former have them: one in the first ten steps, one in the rest of the first half.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np

import lstm_music as lm
from lstm_music.backends.registry import get_backend
from lstm_music.nn.cell import Cell
from lstm_music.nn.composition import composition_of
from lstm_music.nn.optim import Adam

GUESS_MSE = 1 / 6
"""Mean squared error of always answering 1: the variance of the sum of two such numbers."""

SHORTEST_LAG = 22
"""Below this the second mark has no place of its own."""


def make_batch(rng: np.random.Generator, lag: int, B: int) -> tuple[np.ndarray, np.ndarray]:
    """Random sequences and their answers.

    Parameters
    ----------
    rng : source of all that is random.
    lag : T, steps of a sequence, at least ``SHORTEST_LAG``.
    B : number of sequences.

    Returns
    -------
    x : (T, B, 2) float32 — number in 0..1, mark 0 or 1.
    target : (B,) float32 — sum of the two marked numbers.
    """
    x = np.zeros((lag, B, 2), np.float32)
    x[:, :, 0] = rng.random((lag, B), np.float32)
    rows = np.arange(B)
    first, second = rng.integers(0, 10, B), rng.integers(10, lag // 2, B)
    x[first, rows, 1] = x[second, rows, 1] = 1
    return x, x[first, rows, 0] + x[second, rows, 0]


def hold(cell: Cell, lag: int) -> None:
    """Set the gates' biases so that the state outlasts the lag and little is written to it.

    With a bias of log(T) a forget gate starts at T / (T + 1): what is in the state fades by a
    factor e in T steps. With -log(T) an input gate starts nearly closed, so that T steps of noise
    do not bury it. Hochreiter & Schmidhuber (1997) close the input gates of this experiment in
    the same way; the logarithm is that of Tallec & Ollivier (2018), arXiv:1804.11188, who draw T
    at random. A GRU's z is its forget gate. A cell without these gates is left alone.
    """
    rows = composition_of(cell.spec).gate_rows(cell.hidden_size)
    biases = np.split(cell.params["b"], np.cumsum(rows)[:-1])
    for gate, bias in zip(cell.spec.gate_order, biases):
        if gate in ("f", "z"):
            bias[...] = np.log(lag)
        elif gate == "i":
            bias[...] = -np.log(lag)


class Adder:
    """A recurrent cell whose last output is read by one linear unit.

    Parameters
    ----------
    name : of a cell, as ``lm.cells.make`` takes it.
    hidden_size : H.
    lag : T, see :func:`hold`.
    rng_seed : seed of the weights.
    """

    def __init__(self, name: str, hidden_size: int, lag: int, rng_seed: int) -> None:
        backend = get_backend("cpu", n_threads=1)
        self._cell = lm.cells.make(
            name, input_size=2, hidden_size=hidden_size, rng_seed=rng_seed, backend=backend
        )
        hold(self._cell, lag)
        bound = hidden_size**-0.5
        weights = np.random.default_rng(rng_seed).uniform(-bound, bound, hidden_size)
        self._w = weights.astype(np.float32)
        self._c = np.ones(1, np.float32)  # the best guess for who has read nothing
        self._arrays = [*self._cell.params.values(), self._w, self._c]
        self._flat = np.concatenate([array.reshape(-1) for array in self._arrays])
        self._adam = Adam(self._flat.size, backend=backend)

    def miss(self, x: np.ndarray, target: np.ndarray) -> np.ndarray:
        """(B,) answers less targets."""
        y, _, _ = self._cell.forward(x)
        return y[-1] @ self._w + self._c - target

    def learn(self, x: np.ndarray, target: np.ndarray, learning_rate: float) -> float:
        """One step of Adam, BPTT through all T steps; the mean squared error before it."""
        y, _, tape = self._cell.forward(x)
        miss = y[-1] @ self._w + self._c - target
        d_answer = 2 / miss.size * miss
        dy = np.zeros_like(y)
        dy[-1] = d_answer[:, None] * self._w
        _, _, grads = self._cell.backward(dy, tape)
        gradients = [*grads.values(), d_answer @ y[-1], d_answer.sum()]
        flat = np.concatenate([np.reshape(array, -1) for array in gradients])
        self._adam.step(self._flat, flat, learning_rate, max_norm=1.0)
        start = 0
        for array in self._arrays:
            array[...] = self._flat[start : start + array.size].reshape(array.shape)
            start += array.size
        return float(np.square(miss).mean())


def train(
    adder: Adder, lag: int, batch_size: int, updates: int, learning_rate: float, rng_seed: int
) -> Iterator[float]:
    """Yield the mean squared error of each batch; every batch is new."""
    rng = np.random.default_rng([rng_seed, 1])
    for _ in range(updates):
        yield adder.learn(*make_batch(rng, lag, batch_size), learning_rate)


def misses(adder: Adder, lag: int, rng_seed: int) -> np.ndarray:
    """(1000,) answers less targets, of sequences that training did not draw."""
    rng = np.random.default_rng([rng_seed, 2])
    return np.concatenate([adder.miss(*make_batch(rng, lag, 50)) for _ in range(20)])


def main() -> None:
    """Train, printing the error as it goes, then test."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cell", default="lstm", help="as lm.cells.make takes it")
    parser.add_argument("--lag", type=int, default=1000, help="steps of a sequence")
    parser.add_argument("--hidden-size", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--updates", type=int, default=1500)
    parser.add_argument("--learning-rate", type=float, default=0.005)
    parser.add_argument("--rng-seed", type=int, default=0)
    args = parser.parse_args()
    if args.lag < SHORTEST_LAG:
        parser.error(f"--lag must be at least {SHORTEST_LAG}, got {args.lag}")
    try:
        adder = Adder(args.cell, args.hidden_size, args.lag, args.rng_seed)
    except lm.LstmMusicError as error:
        parser.error(str(error))

    print(f"{args.cell}, H = {args.hidden_size}, lag {args.lag}; guessing: MSE {GUESS_MSE:.4f}")
    start, errors = time.perf_counter(), []
    for error in train(
        adder, args.lag, args.batch_size, args.updates, args.learning_rate, args.rng_seed
    ):
        errors.append(error)
        if len(errors) % 100 == 0:
            seconds = time.perf_counter() - start
            print(f"{len(errors):6} updates {seconds:5.0f} s  MSE {np.mean(errors[-100:]):.5f}")
    miss = misses(adder, args.lag, args.rng_seed)
    print(
        f"1000 new sequences: MSE {np.square(miss).mean():.5f}, "
        f"{(np.abs(miss) < 0.08).mean():.1%} within 0.08"
    )


if __name__ == "__main__":
    main()
