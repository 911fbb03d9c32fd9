"""Four voices, each chosen among the same values with those before it in sight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.reproduce.polyphony.rolls import Integers
from lstm_music.types import FloatArray


class ChainHead:
    """A softmax for each voice, given the network's answers and the voices before it. Exact.

    The answers, A = K + voices x values, are the biases b_h (K) and b_v of ::

        a_v = b_h + sum of W[u, x_u] over the voices u < v
        p(x_v | x_<v) = softmax(b_v[v] + V[v] . tanh(a_v))

    a NADE (Larochelle & Murray 2011) over categories. See
    :class:`lstm_music.reproduce.polyphony.heads.Head` for the methods.

    Parameters
    ----------
    voices, values : of a step.
    units : K, hidden units.
    dtype : float32 or float64.
    rng_seed : of the weights.

    Attributes
    ----------
    W, V : (voices, values, K) — views of ``flat``; the last voice's W is not used.
    """

    def __init__(
        self,
        voices: int,
        values: int,
        units: int,
        dtype: npt.DTypeLike = "float32",
        rng_seed: int = 0,
    ) -> None:
        self.size = units + voices * values
        self._shape = voices, values
        self._units = units
        rng = np.random.default_rng([rng_seed, 8])
        bound = units**-0.5
        self.flat: FloatArray = rng.uniform(-bound, bound, 2 * voices * values * units)
        self.flat = self.flat.astype(dtype)
        self.W, self.V = self.flat.reshape(2, voices, values, units)

    def nats(self, answers: FloatArray, targets: Integers) -> FloatArray:
        """(N,) nats of targets (N, voices), values 0.., all voices of a step together."""
        return self._run(answers, targets)[0]

    def gradient(
        self, answers: FloatArray, targets: Integers
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Nats (N,), and the gradient of their sum: d_answers (N, A), d_flat (n,)."""
        nats, dz, hidden = self._run(answers, targets)
        dW, dV = np.zeros_like(self.W), np.empty_like(self.V)
        later = np.zeros_like(hidden[0])  # gradient of what all voices after this one see
        voices, values = self._shape
        for v in reversed(range(voices)):
            hot = np.zeros((len(targets), values), answers.dtype)
            hot[np.arange(len(targets)), targets[:, v]] = 1
            dW[v] = hot.T @ later
            dV[v] = dz[:, v].T @ hidden[v]
            later += (dz[:, v] @ self.V[v]) * (1 - hidden[v] ** 2)
        d_answers = np.concatenate([later, dz.reshape(len(dz), -1)], axis=1)
        return nats, d_answers, np.concatenate([dW.ravel(), dV.ravel()])

    def _run(
        self, answers: FloatArray, targets: Integers
    ) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
        """Nats (N,), gradient of their sum to the logits (N, voices, values), hidden units."""
        a = answers[:, : self._units].copy()
        b_v = answers[:, self._units :].reshape(-1, *self._shape)
        nats, dz, hidden = np.zeros(len(a), a.dtype), np.empty_like(b_v), []
        places = np.arange(len(a))
        for v, chosen in enumerate(targets.T):
            hidden.append(np.tanh(a))
            z = b_v[:, v] + hidden[v] @ self.V[v].T
            z -= z.max(axis=1, keepdims=True)
            p = np.exp(z)
            total = p.sum(axis=1, keepdims=True)
            nats += np.log(total[:, 0]) - z[places, chosen]
            dz[:, v] = p / total
            dz[places, v, chosen] -= 1
            a += self.W[v, chosen]
        return nats, dz, hidden
