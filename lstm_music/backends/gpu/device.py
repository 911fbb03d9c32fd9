"""One GPU: memory, kernels, products and errors. The only file that imports CuPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.gpu.sources import source
from lstm_music.errors import BackendError

Kernel = Callable[[tuple[int, ...], tuple[int, ...], tuple[Any, ...]], None]
"""Of the grid, the block and the arguments."""

Array = Any
"""An array on the device: CuPy has no types to check against."""

# cudaDataType and cublasComputeType_t, as cuBLAS numbers them.
_REAL: dict[np.dtype[Any], int] = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}
_COMPUTE_32F: dict[str, int] = {"float32": 68, "tf32": 77, "bfloat16": 75}
_COMPUTE_64F = 70
_ANY_ALGORITHM = -1
_PLAIN, _TRANSPOSED = 0, 1

_THREADS = 128
NULL = np.uint64(0)
"""No array, as a kernel's argument."""

_OPTIONS = ("--std=c++17", "--device-as-default-execution-space", "--fmad=false")


class Device:
    """A GPU that this process computes on.

    Parameters
    ----------
    number : which of those that CUDA shows, from 0.
    precision : of the products of float32 matrices: ``float32``; ``tf32``, inputs rounded to 10
        bits after the point; ``bfloat16``, to 7. Sums, states and weights stay float32.

    Attributes
    ----------
    xp : CuPy.

    Raises
    ------
    BackendError : CuPy, the driver or the device is missing.
    """

    def __init__(self, number: int = 0, precision: str = "float32") -> None:
        self.number, self.precision = number, precision
        try:
            import cupy
            from cupy_backends.cuda.libs import cublas
        except ImportError as error:
            words = " ".join(str(error).split())
            raise BackendError(
                f"no GPU can be used: CuPy or a library of CUDA is missing ({words}); "
                "pip install 'lstm_music[gpu]'"
            ) from None
        self.xp: Any = cupy
        self._cublas: Any = cublas
        self._faults = _faults(cupy)
        with self.current(ready=False):
            count = cupy.cuda.runtime.getDeviceCount()
            if number >= count:
                raise BackendError(
                    f"there is no GPU number {number}: this machine has {count}, from 0; "
                    "see lstm-music info"
                )
            facts = cupy.cuda.runtime.getDeviceProperties(number)
        self.name = str(facts["name"].decode())
        self.capability = f"{facts['major']}.{facts['minor']}"
        self._kernels: dict[tuple[Any, ...], Kernel] = {}
        # Kept: cuBLAS reads them where they are.
        self._ones = {real: np.ones(1, real) for real in _REAL}
        self._zeros = {real: np.zeros(1, real) for real in _REAL}

    @contextmanager
    def current(self, *, ready: bool = True) -> Iterator[None]:
        """A stretch that computes on this device, whose errors are BackendError."""
        try:
            if ready:
                with self.xp.cuda.Device(self.number):
                    yield
            else:
                yield
        except self._faults as error:
            raise BackendError(_told(error, self.number)) from error

    def nccl(self) -> Any:
        """CuPy's NCCL; None where it finds no such library."""
        try:
            from cupy.cuda import nccl
        except ImportError:
            return None
        return nccl if nccl.available else None

    def empty(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Memory on the device, not cleared."""
        return self.xp.empty(shape, dtype)

    def zeros(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Zeros on the device."""
        return self.xp.zeros(shape, dtype)

    def put(self, array: npt.NDArray[Any]) -> Array:
        """A copy of a NumPy array on the device."""
        return self.xp.asarray(array)

    def get(self, array: Array) -> npt.NDArray[Any]:
        """A NumPy array of what an array on the device holds; waits for it."""
        found: npt.NDArray[Any] = self.xp.asnumpy(array)
        return found

    def kernel(
        self, file: str, name: str, dtype: np.dtype[np.floating], **macros: int | str
    ) -> Kernel:
        """A kernel of ``lstm_music/cuda/FILE.cu`` for one element type, compiled at first use.

        CuPy keeps what it has compiled on disk, so that is once a machine.
        """
        key = (file, name, dtype.char, *sorted(macros.items()))
        if key not in self._kernels:
            options = [*_OPTIONS, *(f"-D{macro}={value}" for macro, value in macros.items())]
            if dtype == np.float64:
                options.append("-DLM_DOUBLE")
            module = self.xp.RawModule(code=source(file), options=tuple(options), backend="nvrtc")
            self._kernels[key] = module.get_function(name)
        return self._kernels[key]

    def each(self, kernel: Kernel, n: int, *arguments: Any) -> None:
        """Launch with a thread for each of n elements."""
        kernel((-(-n // _THREADS),), (_THREADS,), arguments)

    def product(
        self,
        A: Array,
        B: Array,
        out: Array,
        *,
        accumulate: bool = False,
        transpose_a: bool = False,
        transpose_b: bool = False,
    ) -> None:
        """``out`` (=, or +=) op(A) op(B) of matrices whose rows may lie apart."""
        Product.of(self, A, B, out, accumulate, transpose_a, transpose_b).run()

    def multiply(self, p: Product, a: int, b: int, out: int) -> None:
        """The product of matrices that stand at these addresses."""
        # cuBLAS has columns where we have rows: it makes out^T = op(B)^T op(A)^T.
        one, zero = self._ones[p.dtype], self._zeros[p.dtype]
        kind = _REAL[p.dtype]
        compute = _COMPUTE_32F[self.precision] if kind == 0 else _COMPUTE_64F
        self._cublas.gemmEx(
            self.xp.cuda.device.get_cublas_handle(),
            _TRANSPOSED if p.transpose_b else _PLAIN,
            _TRANSPOSED if p.transpose_a else _PLAIN,
            p.N, p.M, p.K, one.ctypes.data, b, kind, p.ldb, a, kind, p.lda,
            (one if p.accumulate else zero).ctypes.data, out, kind, p.ldc,
            compute, _ANY_ALGORITHM,
        )  # fmt: skip


@dataclass(slots=True)
class Product:
    """``out`` (M, N) =, or += with ``accumulate``, op(A) op(B); set up once, run many times.

    ``ld`` is how far the rows of a matrix are apart.
    """

    device: Device
    dtype: np.dtype[np.floating]
    M: int
    N: int
    K: int
    a: int
    lda: int
    b: int
    ldb: int
    out: int
    ldc: int
    accumulate: bool
    transpose_a: bool
    transpose_b: bool

    @classmethod
    def of(
        cls,
        device: Device,
        A: Array,
        B: Array,
        out: Array,
        accumulate: bool = False,
        transpose_a: bool = False,
        transpose_b: bool = False,
    ) -> Product:
        """That of three matrices on the device."""
        M, N = out.shape
        K = A.shape[0] if transpose_a else A.shape[1]
        lda, ldb, ldc = (max(x.strides[0] // x.itemsize, x.shape[1], 1) for x in (A, B, out))
        return cls(
            device, out.dtype, M, N, K, A.data.ptr, lda, B.data.ptr, ldb, out.data.ptr, ldc,
            accumulate, transpose_a, transpose_b,
        )  # fmt: skip

    def run(self, a: int = 0, out: int = 0) -> None:
        """Run, with A and ``out`` so many elements further on than they were."""
        if not (self.M and self.N and self.K):
            return
        size = self.dtype.itemsize
        self.device.multiply(self, self.a + a * size, self.b, self.out + out * size)


def _faults(cupy: Any) -> tuple[type[Exception], ...]:
    """What CuPy raises when the device cannot go on."""
    from cupy_backends.cuda.libs import cublas

    cuda = cupy.cuda
    return (
        cuda.runtime.CUDARuntimeError,
        cuda.driver.CUDADriverError,
        cuda.memory.OutOfMemoryError,
        cuda.compiler.CompileException,
        cublas.CUBLASError,
    )


def _told(error: Exception, number: int) -> str:
    """An error of CuPy, and what to do about it."""
    kind, text = type(error).__name__, " ".join(str(error).split())[:300]
    if kind == "OutOfMemoryError" or ("emory" in text and "alloc" in text.lower()):
        advice = "take a smaller batch, shorter chunks or a smaller model"
    elif "InsufficientDriver" in text or "NoDevice" in text or "no CUDA" in text:
        advice = "install NVIDIA's driver (nvidia-smi shows it), or use --backend cpu"
    elif kind == "CompileException":
        advice = "if it lacks CUDA's headers: pip install 'lstm_music[gpu]'"
    else:
        advice = "the device may be lost: start again from the last checkpoint (--resume)"
    return f"gpu:{number} cannot be used ({kind}: {text}); {advice}"
