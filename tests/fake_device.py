"""The machine behind the stand-in for CuPy: errors, launches, graphs, cuBLAS and NCCL."""

import ctypes
from typing import ClassVar

import numpy as np
from cuda_kernels import library
from numpy.lib.stride_tricks import as_strided


class OutOfMemoryError(MemoryError):
    pass


class CUDARuntimeError(RuntimeError):
    pass


class CUDADriverError(RuntimeError):
    pass


class CUBLASError(RuntimeError):
    pass


class CompileException(Exception):
    pass


class NcclError(RuntimeError):
    pass


class Machine:
    """What the machine has; a test may change it."""

    devices = 1
    current = 0
    driver = True
    memory = 1 << 40
    lost = False
    products = 0
    launches = 0
    cooperative = True
    processors = 4
    shared_bytes = 1 << 18
    captures = True
    recording = None  # what a graph is to hold, while one is recorded


def alive():
    if not Machine.driver:
        raise CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")
    if Machine.lost:
        raise CUDARuntimeError("cudaErrorLaunchFailure: unspecified launch failure")


def now_or_in_graph(work):
    """Do it; or, while a graph is recorded, when the graph is launched."""
    if Machine.recording is None:
        work()
    else:
        Machine.recording.append(work)


def not_in_graph():
    """What a driver refuses while a stream is recorded."""
    if Machine.recording is not None:
        raise CUDARuntimeError("cudaErrorStreamCaptureUnsupported")


class RawKernel:
    """A kernel as RawModule gives it; ``kernel`` launches it in other ways."""

    def __init__(self, function):
        self._function, self.max_dynamic_shared_size_bytes = function, 48 << 10

    def __call__(self, grid, block, arguments):
        alive()

        def launch():
            Machine.launches += 1
            self._function(grid, block, arguments)

        now_or_in_graph(launch)

    @property
    def kernel(self):
        return Function(self)


class Function:
    def __init__(self, raw):
        self._raw, self.ptr = raw, raw  # its occupancy is asked for by this

    def __call__(self, grid, block, arguments, *, shared_mem, enable_cooperative_groups):
        alive()
        assert enable_cooperative_groups and Machine.cooperative
        assert shared_mem <= self._raw.max_dynamic_shared_size_bytes
        if np.prod(grid) > blocks_a_processor(self._raw, 0, shared_mem) * Machine.processors:
            raise ValueError("the grid size exceeds the limit")  # CuPy, of a grid of two axes
        Machine.launches += 1
        self._raw._function(grid, block, arguments, shared_mem)


def blocks_a_processor(raw, _threads, shared_mem):
    assert shared_mem <= Machine.shared_bytes
    return 1 + (shared_mem <= Machine.shared_bytes // 2)


class RawModule:
    def __init__(self, *, code, options=(), backend="nvrtc"):
        assert backend == "nvrtc" and "--fmad=false" in options
        self._kernels = library(code, tuple(options))

    def get_function(self, name):
        return RawKernel(self._kernels[name])


class Stream:
    """A stream to record a graph on."""

    def __init__(self, *, non_blocking):
        assert non_blocking

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin_capture(self):
        if not Machine.captures:
            raise CUDARuntimeError("cudaErrorNotSupported: operation not supported")
        Machine.recording = []

    def end_capture(self):
        held, Machine.recording = Machine.recording, None
        return Graph(held)


class Graph:
    launched = 0

    def __init__(self, held):
        self._held = held

    def launch(self):
        alive()
        Graph.launched += 1
        for work in self._held:
            work()


class Device:
    def __init__(self, number=0):
        self.id = number

    def __enter__(self):
        alive()
        self._before, Machine.current = Machine.current, self.id
        return self

    def __exit__(self, *_):
        Machine.current = self._before

    def synchronize(self):
        alive()


def count():
    alive()
    return Machine.devices


def properties(number):
    return {
        "name": b"stand-in", "major": 9, "minor": 0, "totalGlobalMem": 1 << 34,
        "cooperativeLaunch": int(Machine.cooperative), "multiProcessorCount": Machine.processors,
        "sharedMemPerBlockOptin": Machine.shared_bytes,
    }  # fmt: skip


def _rounded(x, bits):
    """float32 rounded to so many bits after the point of its mantissa, ties to even."""
    raw = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    drop = 23 - bits
    raw += (1 << (drop - 1)) - 1 + (raw >> drop & 1)
    raw = (raw >> drop << drop).astype(np.uint32)
    return np.where(np.isfinite(x), raw.view(np.float32), x)


def _matrix(address, rows, columns, ld, kind):
    """The column-major matrix at an address, as a view."""
    real = {0: ctypes.c_float, 1: ctypes.c_double}[kind]
    flat = np.ctypeslib.as_array((real * (ld * (columns - 1) + rows)).from_address(address))
    return as_strided(flat, (rows, columns), (flat.itemsize, ld * flat.itemsize))


def gemmEx(handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype,
           ldc, computeType, algo):  # fmt: skip
    alive()
    if Machine.recording is not None:
        raise NotImplementedError("calling cuBLAS API during stream capture is unsupported")
    assert handle == 7 and Atype == Btype == Ctype and algo == -1
    assert computeType in ({0: (68, 75, 77), 1: (70,)}[Atype])
    a = _matrix(A, *((k, m) if transa else (m, k)), lda, Atype)
    b = _matrix(B, *((n, k) if transb else (k, n)), ldb, Btype)
    c = _matrix(C, m, n, ldc, Ctype)
    a, b = a.T if transa else a, b.T if transb else b
    if computeType in (75, 77):
        a, b = (_rounded(x, {75: 7, 77: 10}[computeType]) for x in (a, b))
    scale, old = (_matrix(x, 1, 1, 1, Atype)[0, 0] for x in (alpha, beta))
    product = scale * (a @ b)
    c[...] = product + old * c if old else product
    Machine.products += 1


class NcclCommunicator:
    """A ring of one process: its sum is what is there."""

    done: ClassVar[list] = []

    def __init__(self, size, ring_id, rank):
        assert (size, ring_id, rank) == (1, ("id",), 0)

    def reduce(self, sendbuf, recvbuf, count, datatype, op, root, stream):
        if Machine.lost:
            raise NcclError("NCCL_ERROR_UNHANDLED_CUDA_ERROR: unhandled cuda error")
        assert sendbuf == recvbuf and (op, root, stream) == (0, 0, 5)
        self.done.append(("reduce", count, datatype))

    def bcast(self, buff, count, datatype, root, stream):
        self.done.append(("bcast", count, datatype))
