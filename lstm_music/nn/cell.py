"""One recurrent cell by itself: forward and backward over a batch of sequences.

>>> import numpy as np
>>> from lstm_music.nn import cell
>>> lstm = cell.make("lstm", input_size=3, hidden_size=5, dtype="float64", rng_seed=0)
>>> y, state, tape = lstm.forward(np.ones((7, 2, 3)))
>>> y.shape, state.shape
((7, 2, 5), (2, 2, 5))
>>> dx, dstate, grads = lstm.backward(np.ones_like(y), tape)
>>> dx.shape, sorted(grads)
((7, 2, 3), ['U', 'W', 'b'])
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lstm_music.backends.base import Backend, Tape
from lstm_music.backends.checks import check_array, check_lengths, contiguous
from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.nn.composition import composition_of
from lstm_music.nn.config import float_type
from lstm_music.types import FloatArray, IntArray, MaskKey, Params


def names() -> tuple[str, ...]:
    """Plain names that :func:`make` takes; ``docs/cells.md`` has what may stand behind each.

    Examples
    --------
    >>> "lstm" in names()
    True
    """
    return cell_names()


def make(
    name: str,
    *,
    input_size: int,
    hidden_size: int,
    dtype: npt.DTypeLike = "float32",
    rng_seed: int = 0,
    backend: Backend | None = None,
) -> Cell:
    """Make a cell with random weights.

    Parameters
    ----------
    name : one of :func:`names`, with or without options: ``lstm:s_h=identity,forget_bias=2``.
    input_size : D, width of the inputs, at least 1.
    hidden_size : H, width of the outputs, at least 1.
    dtype : ``float32`` or ``float64``.
    rng_seed : seed of the weights; the same seed gives the same weights everywhere.
    backend : what computes; None: the compiled one, on every core.

    Raises
    ------
    ConfigError : unknown name or option, a size below 1 or one that the cell cannot have,
        another dtype.
    """
    spec = cell_spec(name)
    if input_size < 1 or hidden_size < 1:
        raise ConfigError(
            f"input_size and hidden_size must be at least 1, got {input_size} and {hidden_size}"
        )
    real = float_type(dtype)
    params = init_params(spec, input_size, hidden_size, real, np.random.default_rng(rng_seed))
    return Cell(spec, params, backend or get_backend(), input_size)


def init_params(
    spec: CellSpec,
    input_size: int,
    hidden_size: int,
    dtype: np.dtype[np.floating],
    rng: np.random.Generator,
) -> Params:
    """Fresh parameters ``W``, ``U``, ``b``, and ``p`` for a cell that has row parameters; or what
    the cell has instead (:mod:`lstm_music.nn.composition`).

    Weights are uniform in ±1/sqrt(n), n the fed-back values that a unit sees: H, or channels times
    taps for a convolution. Biases start where the spec says, by default at 0; row
    parameters likewise, by default like the weights.
    """
    H, composition = hidden_size, composition_of(spec)
    bound = spec.shapes(input_size, H)["U"][1] ** -0.5
    params: Params = {
        name: rng.uniform(-bound, bound, shape).astype(dtype)
        for name, shape in composition.shapes(input_size, H).items()
        if name != "b"
    }
    for row, start in enumerate(spec.row_start):
        params["p"][row] = rng.uniform(*start, H) if isinstance(start, tuple) else start
    starts = np.array(spec.bias_start or (0,) * spec.gates_w, dtype)
    params["b"] = np.repeat(starts, composition.gate_rows(H))
    return params


@dataclass(frozen=True, slots=True)
class CellTape:
    """What :meth:`Cell.forward` leaves for :meth:`Cell.backward`; change nothing in between."""

    tape: Tape
    x: FloatArray
    lengths: IntArray


class Cell:
    """A recurrent cell with its parameters, which lie on the host whatever computes.

    Attributes
    ----------
    spec : sizes, equations and source of the cell.
    params : ``W`` (gates_w·H, D), ``U`` (gates_u·H, H), ``b`` (gates_w·H,), for some cells
        ``p`` (row_params, H); gates in the order of ``spec.gate_order``. ``block`` has a row a
        block for each gate; ``memory-gated`` has ``M_in`` (H, D) and ``W`` (3·H, H); a cell
        without a recurrent matrix has ``U`` (0, H); ``conv-lstm`` has the shapes of
        :attr:`CellSpec.maps`. Write into them freely.
    input_size : D, the width of the inputs.
    dtype : float32 or float64, of the parameters and so of every array.
    """

    def __init__(self, spec: CellSpec, params: Params, backend: Backend, input_size: int) -> None:
        self.spec = spec
        self.params = params
        self.input_size = input_size
        self.dtype = params["W"].dtype
        self._backend = backend
        self._composition = composition_of(spec)

    @property
    def hidden_size(self) -> int:
        """H, the width of the outputs."""
        return self.spec.width(self.params["U"].shape[1])

    def forward(
        self,
        x: FloatArray,
        state: FloatArray | None = None,
        lengths: IntArray | None = None,
        *,
        mask_key: MaskKey | None = None,
    ) -> tuple[FloatArray, FloatArray, CellTape]:
        """Run over a batch of sequences.

        Parameters
        ----------
        x : (T, B, D) of the cell's dtype — inputs, time-major; copied if not contiguous.
        state : (states, B, H) — initial state, h first; None: zeros.
        lengths : (B,) integers in 0..T — valid steps of each row; None: all T. Past its length
            a row keeps its last state.
        mask_key : for a cell with zoneout, (key, stream) of the masks of training, 0 <= key <
            2**64, 0 <= stream < 2**32; take another for each call. None: every unit keeps the
            mean share of its old value, as in scoring.

        Returns
        -------
        y : (T, B, H) — h after each step.
        state : (states, B, H) — the state after the last step: hand it to the next call to
            go on where this one stopped.
        tape : for :meth:`backward`.

        Raises
        ------
        ShapeError : an array has the wrong shape or dtype, or a length is out of range.
        ConfigError : the mask key is out of range.
        """
        x = contiguous("x", x)
        if x.ndim != 3 or x.shape[2] != self.input_size or 0 in x.shape:
            raise ShapeError(
                f"x must have shape (T, B, {self.input_size}), none empty; got {x.shape}"
            )
        T, B, _ = x.shape
        check_array("x", x, x.shape, self.dtype)
        put, get = self._backend.to_device, self._backend.to_host
        x, s0 = put(x), put(self._state("state", state, B))
        given = check_lengths(lengths, T, B)
        kernel = self._kernel()
        W, U, b, p = kernel["W"], kernel["U"], kernel["b"], kernel.get("p")
        tape = self._backend.sequence_forward(
            self.spec, x, W, U, b, p, s0, given, mask_key=mask_key
        )
        y = np.ascontiguousarray(get(tape.y))
        return y, get(tape.last).copy(), CellTape(tape, x, given)

    def backward(
        self, dy: FloatArray, tape: CellTape, dstate: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray, Params]:
        """Gradients of a loss, given the gradients of what :meth:`forward` returned.

        Parameters
        ----------
        dy : (T, B, H) — dLoss/dy.
        tape : what that forward call returned; it may be used again.
        dstate : (states, B, H) — dLoss/dstate of the returned state; None: zeros.

        Returns
        -------
        dx : (T, B, D)
        dstate : (states, B, H) — dLoss/d the initial state.
        grads : arrays like ``params``, new and writable.

        Raises
        ------
        ShapeError : an array has the wrong shape or dtype.
        """
        T, B, _ = tape.x.shape
        dy = contiguous("dy", dy)
        check_array("dy", dy, (T, B, self.hidden_size), self.dtype)
        ds = self._state("dstate", dstate, B)
        put, get = self._backend.to_device, self._backend.to_host
        own = {name: put(value) for name, value in self.params.items()}
        grads = {name: np.zeros_like(value) for name, value in own.items()}
        kernel = self._composition.compose(own, self._backend)
        W, U, p = kernel["W"], kernel["U"], kernel.get("p")
        d_kernel = self._composition.room(grads)
        dx, ds0 = self._backend.sequence_backward(
            self.spec, put(dy), put(ds), tape.tape, tape.x, W, U, p, d_kernel, tape.lengths
        )
        self._composition.gather(own, d_kernel, grads, self._backend)
        return get(dx), get(ds0), {name: get(value) for name, value in grads.items()}

    def _kernel(self) -> Params:
        """W, U, b, p where the backend computes."""
        own = {name: self._backend.to_device(value) for name, value in self.params.items()}
        return self._composition.compose(own, self._backend)

    def _state(self, name: str, given: FloatArray | None, B: int) -> FloatArray:
        """A state-shaped argument, or zeros for None."""
        shape = (self.spec.states, B, self.hidden_size)
        if given is None:
            return np.zeros(shape, self.dtype)
        state = contiguous(name, given)
        check_array(name, state, shape, self.dtype)
        return state
