"""One GPU: memory, kernels, products and errors. The only file that imports CuPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.backends.gpu.sources import source
from lstm_music.errors import BackendError

Kernel = Callable[[tuple[int, ...], tuple[int, ...], tuple[Any, ...]], None]
"""Of the grid, the block and the arguments."""

Array = Any
"""An array on the device: CuPy has no types to check against."""

Product = Callable[[int, int], None]
"""A product of matrices, of which A and ``out`` stand so many elements further on than they did."""

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
    faults : what CuPy raises when the device cannot go on.
    is_cooperative : whether a launch may ask for all of its blocks at once.
    shared_bytes : of shared memory, for a block that asks for it.

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
        self.faults = _faults(cupy)
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
        self.is_cooperative = bool(facts["cooperativeLaunch"])
        self.shared_bytes = int(facts["sharedMemPerBlockOptin"])
        self._processors = int(facts["multiProcessorCount"])
        self._kernels: dict[tuple[Any, ...], Kernel] = {}
        self._fault: Array | None = None
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
        except self.faults as error:
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
        if self._fault is not None and self.xp.asnumpy(self._fault)[0]:
            self._fault = None
            raise BackendError(
                f"gpu:{self.number}: blocks of a launch waited for one another in vain; "
                "start again from the last checkpoint (--resume)"
            )
        return found

    def watched_fault(self) -> Array:
        """(1,) int32 on the device, 0 while all is well; :meth:`get` looks at it."""
        if self._fault is None:
            self._fault = self.zeros((1,), np.int32)
        return self._fault

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

    def blocks_at_once(self, kernel: Kernel, threads: int, shared_bytes: int) -> int:
        """How many blocks of a kernel the device runs at the same time."""
        raw: Any = kernel
        raw.max_dynamic_shared_size_bytes = shared_bytes
        count = self.xp.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor
        return int(count(raw.kernel.ptr, threads, shared_bytes)) * self._processors

    def launch_together(
        self,
        kernel: Kernel,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        arguments: tuple[Any, ...],
        shared_bytes: int,
    ) -> None:
        """Launch blocks that all run at once, so that they may wait for one another.

        The device runs one such launch after the other; `blocks_at_once` says how many may be
        asked for, and has set the kernel up.
        """
        raw: Any = kernel
        raw.kernel(
            grid, block, arguments, shared_mem=shared_bytes, enable_cooperative_groups=True
        )  # fmt: skip

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
        options = {"transpose_a": transpose_a, "transpose_b": transpose_b}
        self.prepared_product(A, B, out, accumulate=accumulate, **options)(0, 0)

    def prepared_product(
        self,
        A: Array,
        B: Array,
        out: Array,
        *,
        accumulate: bool = False,
        transpose_a: bool = False,
        transpose_b: bool = False,
    ) -> Product:
        """:meth:`product` to be called many times, with as little work as can be for each."""
        dtype, (M, N) = out.dtype, out.shape
        K = A.shape[0] if transpose_a else A.shape[1]
        if not (M and N and K):
            return lambda _a, _out: None
        lda, ldb, ldc = (max(x.strides[0] // x.itemsize, x.shape[1]) for x in (A, B, out))
        a, b, c, size, kind = A.data.ptr, B.data.ptr, out.data.ptr, dtype.itemsize, _REAL[dtype]
        compute = _COMPUTE_64F if kind else _COMPUTE_32F[self.precision]
        one = self._ones[dtype].ctypes.data
        old = one if accumulate else self._zeros[dtype].ctypes.data
        op_a = _TRANSPOSED if transpose_a else _PLAIN
        op_b = _TRANSPOSED if transpose_b else _PLAIN
        gemm, handle = self._cublas.gemmEx, self.xp.cuda.device.get_cublas_handle()

        def run(further_a: int, further_out: int) -> None:
            # cuBLAS has columns where we have rows: it makes out^T = op(B)^T op(A)^T.
            gemm(
                handle, op_b, op_a, N, M, K, one, b, kind, ldb, a + further_a * size, kind, lda,
                old, c + further_out * size, kind, ldc, compute, _ANY_ALGORITHM,
            )  # fmt: skip

        return run


def _faults(cupy: Any) -> tuple[type[Exception], ...]:
    """What CuPy raises when the device cannot go on."""
    from cupy_backends.cuda.libs import cublas

    cuda = cupy.cuda
    of_nccl = getattr(getattr(cuda, "nccl", None), "NcclError", None)  # where there is NCCL
    return (
        *filter(None, [of_nccl]),
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
