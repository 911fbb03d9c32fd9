"""What every backend offers, and the tape that ties forward to backward."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from lstm_music.backends.layers import LayerBackend
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.spec import CellSpec
from lstm_music.types import FloatArray, IntArray, MaskKey, Params


@dataclass(slots=True)
class Tape:
    """What a forward pass leaves for the backward pass.

    Attributes
    ----------
    S : (T+1, states, B, H) — states; index 0 is the initial one, state 0 is h.
    K : (T, B, cached·H) — what the cell's backward row needs; undefined past a row's length.
    raw : (T, states, B, H) — the states before zoneout, for a cell that has it, else None.
    mask_key : that of the forward pass that wrote the tape last.
    """

    S: FloatArray
    K: FloatArray
    raw: FloatArray | None = None
    mask_key: MaskKey | None = None

    @property
    def y(self) -> FloatArray:
        """(T, B, H) outputs: a view of ``S`` that is not contiguous for cells with two states."""
        outputs: FloatArray = self.S[1:, 0]
        return outputs

    @property
    def last(self) -> FloatArray:
        """(states, B, H) state after the last step: a contiguous view of ``S``."""
        state: FloatArray = self.S[-1]
        return state


class Backend(LayerBackend, Protocol):
    """One way to compute: the same methods, names and defaults in every backend.

    Arrays of numbers lie where the backend computes: what :meth:`to_device` returns, or what ``xp``
    makes. Tokens, rows, targets and lengths are NumPy arrays everywhere.
    All arrays of a call have one dtype, float32 or float64, and are C-contiguous; read-only
    inputs are fine. Wrong shapes, dtypes and layouts raise ShapeError.
    Parameter gradients accumulate (+=), activation gradients are returned new (=).
    """

    name: str
    n_threads: int
    xp: Any
    """NumPy, or what stands for it on a device."""

    def to_device(self, array: npt.NDArray[Any]) -> Any:
        """An array of the host as one that this backend computes with: itself, or a copy."""
        ...

    def to_host(self, array: Any) -> npt.NDArray[Any]:
        """An array of this backend as one of NumPy: itself, or a copy once it is ready."""
        ...

    def current(self) -> AbstractContextManager[None]:
        """A stretch in which ``xp`` computes where this backend does; faults are BackendError."""
        ...

    def workspace(self) -> Workspace:
        """New scratch memory where this backend computes."""
        ...

    def sequence_forward(
        self,
        spec: CellSpec,
        X: FloatArray,
        W: FloatArray,
        U: FloatArray,
        b: FloatArray,
        p: FloatArray | None,
        s0: FloatArray,
        lengths: IntArray | None = None,
        *,
        out: Tape | None = None,
        mask_key: MaskKey | None = None,
    ) -> Tape:
        """Run a cell over a batch of sequences.

        Parameters
        ----------
        spec : the cell.
        X : (T, B, D) — inputs, time-major; T, B >= 1.
        W : (gates_w·H, D) — input weights; for a cell on a map, here and below, as
            ``CellSpec.maps`` says.
        U : (gates_u·H, H) — recurrent weights.
        b : (gates_w·H,) — biases.
        p : (row_params, H) — further row parameters; None for a cell without.
        s0 : (states, B, H) — initial states, h first.
        lengths : (B,) int32, 0..T — valid steps of each row; None: all T. A row past its length
            keeps its last state.
        out : a tape of the right sizes to write to; None: a new one. Training writes to the same
            one step after step, which spares the system clearing fresh pages each time.
        mask_key : (key, stream) of the zoneout masks of training, 0 <= key < 2**64, 0 <= stream
            < 2**32: a function of these two, the step since the start of this call, and the
            place in (states, B, H). None: every unit keeps the mean share of its old value.
            Without zoneout in the spec it means nothing.

        Returns
        -------
        Tape
            ``out``, or a new one that belongs to the caller.

        Raises
        ------
        ShapeError : an array has the wrong shape, dtype or layout, or a length is out of range.
        ConfigError : the mask key is out of range.
        """
        ...

    def sequence_backward(
        self,
        spec: CellSpec,
        dY: FloatArray,
        dS_last: FloatArray | None,
        tape: Tape,
        X: FloatArray,
        W: FloatArray,
        U: FloatArray,
        p: FloatArray | None,
        grads: Params,
        lengths: IntArray | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Gradients of a loss through :meth:`sequence_forward`, given that call's tape.

        Parameters
        ----------
        dY : (T, B, H) — dLoss/dy; exact for ``y = tape.y``, so what stands past a row's length
            flows into that row's last state.
        dS_last : (states, B, H) — dLoss/d ``tape.last`` beyond dY; None: zero.
        tape, X, W, U, p, lengths : as in the forward call; the tape is left as it was.
        grads : arrays ``W``, ``U``, ``b``, and ``p`` if the cell has row parameters; += .

        Returns
        -------
        dX : (T, B, D), zero past a row's length.
        ds0 : (states, B, H)

        Raises
        ------
        ShapeError : as in the forward call.
        """
        ...

    def token_forward(
        self,
        spec: CellSpec,
        E: FloatArray,
        tokens: IntArray,
        W: FloatArray,
        U: FloatArray,
        b: FloatArray,
        p: FloatArray | None,
        s0: FloatArray,
        lengths: IntArray | None = None,
        *,
        out: Tape | None = None,
        mask_key: MaskKey | None = None,
    ) -> Tape:
        """Run a cell over inputs X[t, b] = the sum over s of E[tokens[t, b, s]].

        Equal to rounding to :meth:`sequence_forward` with that X, and faster where E has few rows
        beside the places: W meets each row of E once, not each place.

        Parameters
        ----------
        E : (R, D) — the embedding table.
        tokens : (T, B, S) int32, 0..R-1 — the rows of E that add up to each input.
        spec, W, U, b, p, s0, lengths, out, mask_key : as in :meth:`sequence_forward`.

        Raises
        ------
        ShapeError : as there, or a token is outside the table.
        """
        ...

    def token_backward(
        self,
        spec: CellSpec,
        dY: FloatArray,
        dS_last: FloatArray | None,
        tape: Tape,
        E: FloatArray,
        tokens: IntArray,
        W: FloatArray,
        U: FloatArray,
        p: FloatArray | None,
        grads: Params,
        lengths: IntArray | None = None,
    ) -> FloatArray:
        """Gradients through :meth:`token_forward`, given that call's tape.

        Parameters
        ----------
        dY, dS_last, tape, W, U, p, lengths : as in :meth:`sequence_backward`.
        E, tokens : as in the forward call.
        grads : arrays ``E``, ``W``, ``U``, ``b``, and ``p`` if the cell has row parameters; += .

        Returns
        -------
        ds0 : (states, B, H)

        Raises
        ------
        ShapeError : as in the forward call.
        """
        ...

    def matmul(
        self,
        A: FloatArray,
        B: FloatArray,
        out: FloatArray,
        *,
        accumulate: bool = False,
        transpose_a: bool = False,
        transpose_b: bool = False,
    ) -> None:
        """``out`` (=, or += with ``accumulate``) op(A) op(B), op transposing when asked.

        Parameters
        ----------
        A : (M, K), or (K, M) with ``transpose_a``.
        B : (K, N), or (N, K) with ``transpose_b``.
        out : (M, N), writable; may not overlap A or B.
        accumulate : add to ``out`` instead of overwriting it.

        Raises
        ------
        ShapeError : shapes do not fit, dtypes differ, an array is not C-contiguous.
        """
        ...
