"""A network over sequences of numbers: layers of recurrent cells, read by one linear layer.

The language models of :mod:`lstm_music.nn.model` read tokens; this one reads and answers vectors,
as the classical tasks, evolution and policies of small networks need it. All its parameters lie in
one flat array, so that an optimiser, a population or a file sees a vector.

>>> import numpy as np
>>> net = SequenceNet("lstm", input_size=2, hidden_sizes=(4,), output_size=1, dtype="float64")
>>> answers, state, tape = net.forward(np.ones((5, 3, 2)))
>>> answers.shape
(5, 3, 1)
>>> loss, d_answers = squared_error(answers, np.zeros((5, 3, 1)))
>>> net.backward(d_answers, tape).shape == net.flat.shape
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.cell import Cell, CellTape, init_params
from lstm_music.nn.config import float_type
from lstm_music.types import FloatArray, IntArray, Params

State = list[FloatArray]
"""(states, B, H) for each layer, h first."""


@dataclass(frozen=True, slots=True)
class NetTape:
    """What :meth:`SequenceNet.forward` leaves for :meth:`SequenceNet.backward`."""

    layers: list[CellTape]
    features: FloatArray
    mask: FloatArray | None = None


class SequenceNet:
    """Recurrent layers and a linear readout.

    Parameters
    ----------
    cell : of every layer, as :func:`lstm_music.nn.cell.make` takes it.
    input_size : D.
    hidden_sizes : H of each layer, first to last.
    output_size : O.
    shortcut : the readout sees the input beside the last layer's output (Gers et al. 2000,
        figure 2).
    dtype : float32 or float64.
    rng_seed : seed of the weights.
    backend : what computes; None: the compiled one, on every core.

    Attributes
    ----------
    flat : (n,) — all parameters: each layer's in the order of ``cells[l].params``, then ``V``
        (O, F) and ``a`` (O,), F the features that the readout sees. Write into it freely.
    cells : of each layer; their ``params`` are views of ``flat``.
    V, a : weights and biases of the readout, views of ``flat``.

    Raises
    ------
    ConfigError : an unknown cell, no layer, or a size below 1.
    """

    def __init__(
        self,
        cell: str,
        *,
        input_size: int,
        hidden_sizes: Sequence[int],
        output_size: int,
        shortcut: bool = False,
        dtype: npt.DTypeLike = "float32",
        rng_seed: int = 0,
        backend: Backend | None = None,
    ) -> None:
        if not hidden_sizes or min(input_size, output_size, *hidden_sizes) < 1:
            raise ConfigError(
                "a network needs a layer and sizes of at least 1, got input_size "
                f"{input_size}, hidden_sizes {tuple(hidden_sizes)}, output_size {output_size}"
            )
        spec, real = cell_spec(cell), float_type(dtype)
        rng = np.random.default_rng(rng_seed)
        self.backend = backend or get_backend()
        self._shortcut = shortcut
        self.input_size, self.output_size, self.dtype = input_size, output_size, real
        layers: list[Params] = []
        widths = [input_size]
        for H in hidden_sizes:
            layers.append(init_params(spec, widths[-1], H, real, rng))
            widths.append(spec.width(layers[-1]["U"].shape[1]))
        F = widths[-1] + (input_size if shortcut else 0)
        bound = F**-0.5
        readout: Params = {
            "V": rng.uniform(-bound, bound, (output_size, F)).astype(real),
            "a": np.zeros(output_size, real),
        }
        self.flat, views = _joined([*layers, readout])
        self.cells = [Cell(spec, params, self.backend, D) for params, D in zip(views[:-1], widths)]
        self.V, self.a = views[-1]["V"], views[-1]["a"]

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle and copy: views on one array would become arrays of their own."""
        sizes = tuple(cell.hidden_size for cell in self.cells)
        options = {
            "input_size": self.input_size,
            "hidden_sizes": sizes,
            "output_size": self.output_size,
            "shortcut": self._shortcut,
            "dtype": self.dtype.name,
            "backend": self.backend,
        }
        return _restored, (self.cells[0].spec.name, options, self.flat)

    def forward(
        self,
        x: FloatArray,
        state: State | None = None,
        lengths: IntArray | None = None,
        *,
        mask: FloatArray | None = None,
    ) -> tuple[FloatArray, State, NetTape]:
        """Run over a batch of sequences.

        Parameters
        ----------
        x : (T, B, D)
        state : of each layer before the first step; None: zeros.
        lengths : (B,) valid steps of each row; None: all T.
        mask : (T, B, F), or what broadcasts to it: factors of what the readout sees, for dropout.

        Returns
        -------
        answers : (T, B, O) — of the linear readout; what squashes them belongs to the loss.
        state : of each layer after the last step.
        tape : for :meth:`backward`.

        Raises
        ------
        ShapeError : an array does not fit.
        """
        features, last, tapes = self.features(x, state, lengths)
        if mask is not None:
            features = features * mask
        return features @ self.V.T + self.a, last, NetTape(tapes, features, mask)

    def features(
        self, x: FloatArray, state: State | None = None, lengths: IntArray | None = None
    ) -> tuple[FloatArray, State, list[CellTape]]:
        """What the readout sees, (T, B, F); with the states and tapes of the layers."""
        if state is not None and len(state) != len(self.cells):
            raise ShapeError(f"expected a state for each of {len(self.cells)} layers")
        y: FloatArray = x
        last: State = []
        tapes: list[CellTape] = []
        for number, cell in enumerate(self.cells):
            y, after, tape = cell.forward(y, None if state is None else state[number], lengths)
            last.append(after)
            tapes.append(tape)
        return (np.concatenate([y, x], axis=2) if self._shortcut else y), last, tapes

    def backward(
        self, d_answers: FloatArray, tape: NetTape, d_state: State | None = None
    ) -> FloatArray:
        """Gradient of a loss, from that of the answers and of the states after the last step.

        Parameters
        ----------
        d_answers : (T, B, O) — dLoss/d answers.
        tape : of the forward call.
        d_state : of each layer; None: zeros.

        Returns
        -------
        (n,) — dLoss/d flat.

        Raises
        ------
        ShapeError : an array does not fit.
        """
        if d_answers.shape != (*tape.features.shape[:2], self.output_size):
            raise ShapeError(f"d_answers must be (T, B, {self.output_size}), got {d_answers.shape}")
        flat_d = d_answers.reshape(-1, self.output_size)
        flat_f = tape.features.reshape(len(flat_d), -1)
        parts = [(flat_d.T @ flat_f).ravel(), flat_d.sum(axis=0)]
        H = self.cells[-1].hidden_size
        d_features = d_answers @ self.V
        if tape.mask is not None:
            d_features *= tape.mask
        dy: FloatArray = np.ascontiguousarray(d_features[:, :, :H])
        for number in reversed(range(len(self.cells))):
            ds = None if d_state is None else d_state[number]
            dy, _, grads = self.cells[number].backward(dy, tape.layers[number], ds)
            parts[:0] = [grads[name].ravel() for name in self.cells[number].params]
        return np.concatenate(parts).astype(self.dtype, copy=False)


def _restored(cell: str, options: dict[str, Any], flat: FloatArray) -> SequenceNet:
    """What `SequenceNet.__reduce__` took apart."""
    net = SequenceNet(cell, **options)
    net.flat[...] = flat
    return net


def _joined(groups: list[Params]) -> tuple[FloatArray, list[Params]]:
    """One flat array of all parameters, and the groups again as views of it."""
    flat = np.concatenate([array.ravel() for group in groups for array in group.values()])
    views: list[Params] = []
    start = 0
    for group in groups:
        views.append({})
        for name, array in group.items():
            views[-1][name] = flat[start : start + array.size].reshape(array.shape)
            start += array.size
    return flat, views


def squared_error(
    answers: FloatArray, targets: FloatArray, weight: FloatArray | None = None
) -> tuple[float, FloatArray]:
    """Mean squared error and its gradient.

    Parameters
    ----------
    answers, targets : (T, B, O)
    weight : (T, B) or (T, B, 1) share of each step in the mean; None: all count alike.

    Returns
    -------
    loss : weighted mean of ``(answer - target)**2`` over steps, rows and outputs.
    d_answers : (T, B, O)
    """
    miss = answers - targets
    share = _shares(miss, weight)
    return float((share * np.square(miss)).sum()), 2 * share * miss


def bernoulli_loss(
    answers: FloatArray, targets: FloatArray, weight: FloatArray | None = None
) -> tuple[float, FloatArray]:
    """Cross-entropy of independent binary outputs: nats a step, summed over the outputs.

    Parameters
    ----------
    answers : (T, B, O) — logits.
    targets : (T, B, O) — 0 or 1, or between.
    weight : (T, B) or (T, B, 1) share of each step; None: all count alike.

    Returns
    -------
    loss : mean over steps of ``-sum_k [t log s(a) + (1 - t) log (1 - s(a))]``.
    d_answers : (T, B, O)
    """
    share = _shares(answers, weight) * answers.shape[2]
    loss = np.logaddexp(0, answers) - targets * answers
    p = np.exp(-np.logaddexp(0, -answers))
    return float((share * loss).sum()), share * (p - targets)


def softmax_loss(
    answers: FloatArray, targets: IntArray, weight: FloatArray | None = None
) -> tuple[float, FloatArray]:
    """Cross-entropy of one choice among the outputs: nats a step.

    Parameters
    ----------
    answers : (T, B, O) — logits.
    targets : (T, B) — index of the right output.
    weight : (T, B) share of each step; None: all count alike.

    Returns
    -------
    loss : mean over steps of ``-log softmax(answers)[target]``.
    d_answers : (T, B, O)
    """
    share = _shares(answers, weight) * answers.shape[2]
    shifted = answers - answers.max(axis=2, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    chosen = np.take_along_axis(log_p, targets[:, :, None], axis=2)
    d_answers = np.exp(log_p)
    np.put_along_axis(d_answers, targets[:, :, None], np.exp(chosen) - 1, axis=2)
    return -float((share * chosen).sum()), share * d_answers


def softmax(answers: FloatArray) -> FloatArray:
    """(T, B, O) probabilities of the choices, from logits."""
    powers: FloatArray = np.exp(answers - answers.max(axis=2, keepdims=True))
    powers /= powers.sum(axis=2, keepdims=True)
    return powers


def _shares(answers: FloatArray, weight: FloatArray | None) -> FloatArray:
    """(T, B, 1) part of each value in a mean over steps, rows and outputs."""
    T, B, outputs = answers.shape
    if weight is None:
        return np.full((T, B, 1), 1 / (T * B * outputs), answers.dtype)
    shares: FloatArray = np.array(weight, answers.dtype).reshape(T, B, 1)
    shares /= shares.sum() * outputs
    return shares
