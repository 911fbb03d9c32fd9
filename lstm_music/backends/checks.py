"""Argument checks shared by the backends; kernels below trust what passes here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.backends.base import Tape
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError, ShapeError
from lstm_music.types import FloatArray, IntArray, MaskKey, Params

PRECISIONS = ("float32", "bfloat16", "amx")
"""Of the products of float32 arrays."""

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True, slots=True)
class Checked:
    """The sizes of a checked sequence call, with the optional arguments filled in."""

    T: int
    B: int
    D: int
    H: int
    p: FloatArray
    lengths: IntArray


def check_precision(precision: str) -> str:
    """``precision`` if it is one; raise ConfigError if not."""
    if precision not in PRECISIONS:
        raise ConfigError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    return precision


def contiguous(name: str, array: FloatArray) -> FloatArray:
    """``array`` if it is C-contiguous, else a copy; raise ShapeError if it is no array."""
    check_is_array(name, array)
    return np.ascontiguousarray(array)


def check_is_array(name: str, array: object) -> None:
    """Raise ShapeError unless ``array`` is a NumPy array, or its like on a GPU."""
    if not is_array(array):
        raise ShapeError(f"{name} must be a NumPy array, got {type(array).__name__}")


def is_array(array: object) -> bool:
    """Whether this is a NumPy array, or an array on a GPU, which has the same attributes."""
    return isinstance(array, np.ndarray) or hasattr(type(array), "__cuda_array_interface__")


def is_writable(array: FloatArray) -> bool:
    """Whether an array may be written to; on a GPU each may."""
    return bool(getattr(array.flags, "writeable", True))


def check_array(
    name: str, array: FloatArray, shape: tuple[int, ...], dtype: np.dtype[np.floating]
) -> None:
    """Raise ShapeError unless ``array`` is C-contiguous with exactly this shape and dtype."""
    check_is_array(name, array)
    if array.dtype != dtype:
        raise ShapeError(
            f"{name} must be {dtype} like the other arrays, got {array.dtype}; "
            f"convert it with .astype(np.{dtype})"
        )
    if array.shape != shape:
        raise ShapeError(f"{name} must have shape {shape}, got {array.shape}")
    if not array.flags.c_contiguous:
        raise ShapeError(f"{name} must be C-contiguous; pass np.ascontiguousarray({name})")


def check_float(
    name: str, array: FloatArray, ndim: int, *, may_have_no_rows: bool = False
) -> np.dtype[np.floating]:
    """Raise ShapeError unless ``array`` has ``ndim`` axes, none empty, of float32 or float64."""
    if not is_array(array) or array.dtype not in _FLOATS:
        got = getattr(array, "dtype", type(array).__name__)
        raise ShapeError(f"{name} must be a float32 or float64 array, got {got}")
    if array.ndim != ndim or 0 in array.shape[may_have_no_rows:]:
        raise ShapeError(f"{name} must have {ndim} axes, none empty; got shape {array.shape}")
    return array.dtype


def check_indices(name: str, given: IntArray, ndim: int, low: int, high: int) -> None:
    """Raise ShapeError unless ``given`` is contiguous int32, not empty, within low..high-1."""
    if not isinstance(given, np.ndarray) or given.dtype != np.int32 or given.ndim != ndim:
        raise ShapeError(
            f"{name} must be an int32 array with {ndim} axes, got "
            f"{getattr(given, 'dtype', type(given).__name__)} of shape {np.shape(given)}"
        )
    if given.size == 0 or not given.flags.c_contiguous:
        raise ShapeError(f"{name} must be C-contiguous and not empty; got shape {given.shape}")
    least, most = int(given.min()), int(given.max())
    if least < low or most >= high:
        raise ShapeError(f"{name} must lie in {low}..{high - 1}, got {least}..{most}")


def check_lengths(lengths: IntArray | None, T: int, B: int) -> IntArray:
    """``lengths`` as contiguous int32, filled with T when None."""
    if lengths is None:
        return np.full(B, T, np.int32)
    given = np.asarray(lengths)
    if given.shape != (B,) or given.dtype.kind not in "iu":
        raise ShapeError(
            f"lengths must be {B} integers, one a batch row; "
            f"got shape {given.shape} of {given.dtype}"
        )
    if given.min() < 0 or given.max() > T:
        raise ShapeError(f"lengths must lie in 0..{T}, got {given.min()}..{given.max()}")
    return np.ascontiguousarray(given, np.int32)


def check_cell(
    spec: CellSpec,
    X: FloatArray,
    W: FloatArray,
    U: FloatArray,
    p: FloatArray | None,
    lengths: IntArray | None,
) -> Checked:
    """Check what both directions share, and read the sizes off X and U."""
    dtype = check_float("X", X, 3)
    check_array("X", X, X.shape, dtype)
    return _check_weights(spec, X.shape, dtype, W, U, p, lengths)


def check_token_cell(
    spec: CellSpec,
    E: FloatArray,
    tokens: IntArray,
    W: FloatArray,
    U: FloatArray,
    p: FloatArray | None,
    lengths: IntArray | None,
) -> Checked:
    """The same for inputs that are rows of an embedding table E."""
    dtype = check_float("E", E, 2)
    check_array("E", E, E.shape, dtype)
    check_indices("tokens", tokens, 3, 0, E.shape[0])
    return _check_weights(spec, (*tokens.shape[:2], E.shape[1]), dtype, W, U, p, lengths)


def _check_weights(
    spec: CellSpec,
    inputs: tuple[int, ...],
    dtype: np.dtype[np.floating],
    W: FloatArray,
    U: FloatArray,
    p: FloatArray | None,
    lengths: IntArray | None,
) -> Checked:
    T, B, D = inputs
    check_float("U", U, 2, may_have_no_rows=spec.gates_u == 0)
    H = spec.width(U.shape[1])
    shapes = _shapes(spec, D, H)
    check_array("W", W, shapes["W"], dtype)
    check_array("U", U, shapes["U"], dtype)
    rows = np.empty_like(U, shape=(0, H)) if p is None else p
    check_array("p", rows, (spec.row_params, H), dtype)
    return Checked(T, B, D, H, rows, check_lengths(lengths, T, B))


def _shapes(spec: CellSpec, D: int, H: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the parameters; a size that the cell cannot have is that of an array here."""
    try:
        return {"p": (0, H)} | spec.shapes(D, H)
    except ConfigError as error:
        raise ShapeError(str(error)) from None


def check_start(spec: CellSpec, sizes: Checked, b: FloatArray, s0: FloatArray) -> None:
    """Check what only the forward pass has."""
    check_array("b", b, _shapes(spec, sizes.D, sizes.H)["b"], sizes.p.dtype)
    check_array("s0", s0, (spec.states, sizes.B, sizes.H), sizes.p.dtype)


def check_tape(spec: CellSpec, sizes: Checked, tape: Tape) -> None:
    """Raise ShapeError unless a tape has the sizes of the call."""
    T, B, H = sizes.T, sizes.B, sizes.H
    check_array("tape.S", tape.S, (T + 1, spec.states, B, H), sizes.p.dtype)
    check_array("tape.K", tape.K, (T, B, spec.cached * H), sizes.p.dtype)
    if spec.zoneout:
        if tape.raw is None:
            raise ShapeError("a tape of a cell with zoneout must hold the states before it: raw")
        check_array("tape.raw", tape.raw, (T, spec.states, B, H), sizes.p.dtype)


def check_out(spec: CellSpec, sizes: Checked, tape: Tape) -> None:
    """Raise ShapeError unless a tape has the sizes of the call and can be written to."""
    check_tape(spec, sizes, tape)
    arrays = (tape.S, tape.K) if tape.raw is None else (tape.S, tape.K, tape.raw)
    if not all(is_writable(array) for array in arrays):
        raise ShapeError("out must be writable: the tape is written to it")


def check_mask_key(mask_key: MaskKey | None) -> None:
    """Raise ConfigError unless the masks of zoneout can be drawn from this."""
    if mask_key is None:
        return
    key, stream = mask_key
    if not (0 <= key < 2**64 and 0 <= stream < 2**32):
        raise ConfigError(
            f"mask_key needs 0 <= key < 2**64 and 0 <= stream < 2**32, got {key}, {stream}"
        )


def check_backward(
    spec: CellSpec,
    sizes: Checked,
    dY: FloatArray,
    dS_last: FloatArray | None,
    tape: Tape,
    grads: Params,
    *,
    E: FloatArray | None = None,
) -> tuple[FloatArray, Params]:
    """Check what only the backward pass has; return dS_last and grads with the optional filled."""
    T, B, H = sizes.T, sizes.B, sizes.H
    dtype = sizes.p.dtype
    check_array("dY", dY, (T, B, H), dtype)
    check_tape(spec, sizes, tape)
    ds = np.zeros_like(dY, shape=(spec.states, B, H)) if dS_last is None else dS_last
    check_array("dS_last", ds, (spec.states, B, H), dtype)
    shapes = _shapes(spec, sizes.D, H) | ({} if E is None else {"E": E.shape})
    full = grads if spec.row_params else {"p": np.empty_like(dY, shape=(0, H))} | grads
    for name, shape in shapes.items():
        if name not in full:
            raise ShapeError(f"grads must hold an array {name!r}, got {sorted(grads)}")
        check_array(f"grads[{name!r}]", full[name], shape, dtype)
        if not is_writable(full[name]):
            raise ShapeError(f"grads[{name!r}] must be writable: gradients are added to it")
    return ds, full


def check_matmul(
    A: FloatArray, B: FloatArray, out: FloatArray, transpose_a: bool, transpose_b: bool
) -> tuple[int, int, int]:
    """Check the operands of a product; return (M, N, K)."""
    dtype = check_float("A", A, 2)
    K, M = A.shape if transpose_a else A.shape[::-1]
    check_float("B", B, 2)
    N = B.shape[0] if transpose_b else B.shape[1]
    check_array("A", A, A.shape, dtype)
    check_array("B", B, (N, K) if transpose_b else (K, N), dtype)
    check_array("out", out, (M, N), dtype)
    if not is_writable(out):
        raise ShapeError("out must be writable")
    if np.may_share_memory(out, A) or np.may_share_memory(out, B):
        raise ShapeError("out must not overlap A or B; pass a fresh array")
    return M, N, K
