"""A stand-in for CuPy whose device is this CPU: the same names, and the same refusals.

Its arrays do not mix with NumPy's, its kernels are the CUDA sources themselves (cuda_kernels.py),
its products honour the precision that is asked for. So the whole GPU backend runs in the tests.
"""

import itertools
import operator
import sys
import weakref
from types import ModuleType, SimpleNamespace

import numpy as np
from fake_device import (
    CompileException,
    CUBLASError,
    CUDADriverError,
    CUDARuntimeError,
    Device,
    Graph,
    Machine,
    NcclCommunicator,
    NcclError,
    OutOfMemoryError,
    RawModule,
    Stream,
    alive,
    blocks_a_processor,
    count,
    gemmEx,
    not_in_graph,
    now_or_in_graph,
    properties,
)

__all__ = ["Graph", "Machine", "NcclCommunicator", "RawModule", "modules", "ndarray"]


def _bare(x):
    """What an array of the device holds; NumPy's own arrays are refused, as CuPy does."""
    if isinstance(x, ndarray):
        return x._held
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError(f"Unsupported type {type(x)}")
    return x


def _wrapped(x):
    return ndarray(x) if isinstance(x, np.ndarray) else x


def _index(i):
    return tuple(map(_bare, i)) if isinstance(i, tuple) else _bare(i)


class ndarray:
    __array_priority__ = 100

    def __init__(self, held):
        self._held = held

    dtype = property(lambda self: self._held.dtype)
    shape = property(lambda self: self._held.shape)
    ndim = property(lambda self: self._held.ndim)
    size = property(lambda self: self._held.size)
    itemsize = property(lambda self: self._held.itemsize)
    nbytes = property(lambda self: self._held.nbytes)
    strides = property(lambda self: self._held.strides)
    T = property(lambda self: ndarray(self._held.T))
    data = property(lambda self: SimpleNamespace(ptr=self._held.ctypes.data))
    __cuda_array_interface__ = property(lambda self: {})

    @property
    def flags(self):
        return SimpleNamespace(c_contiguous=self._held.flags.c_contiguous)

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Use `.get()`")

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        assert method == "__call__"
        if out is not None:
            options["out"] = tuple(map(_bare, out))
        result = ufunc(*map(_bare, inputs), **options)
        return out[0] if out is not None else _wrapped(result)

    def __array_function__(self, function, _types, arguments, options):
        own = getattr(sys.modules["cupy"], function.__name__, None)
        return NotImplemented if own is None else own(*arguments, **options)

    def __len__(self):
        return len(self._held)

    def __getitem__(self, i):
        return _wrapped(np.asarray(self._held[_index(i)]))

    def __setitem__(self, i, value):
        held, index, bare = self._held, _index(i), _bare(value)
        now_or_in_graph(lambda: held.__setitem__(index, bare))

    def get(self):
        alive()
        not_in_graph()
        check_zones()
        return self._held.copy()

    def set(self, array):
        assert isinstance(array, np.ndarray) and array.shape == self.shape
        self._held[...] = array

    def copy(self):
        return asarray(self._held)

    def reshape(self, *shape):
        return ndarray(self._held.reshape(*shape))

    def astype(self, dtype, copy=True):
        return ndarray(self._held.astype(dtype, copy=copy))

    def sum(self, axis=None):
        return ndarray(np.asarray(self._held.sum(axis=axis)))

    def sort(self):
        self._held.sort()

    def __float__(self):
        return float(self._held)

    def __int__(self):
        return int(self._held)


def _operator(name):
    function = getattr(operator, name)

    def forward(self, other):
        return _wrapped(np.asarray(function(self._held, _bare(other))))

    def backward(self, other):
        return _wrapped(np.asarray(function(_bare(other), self._held)))

    def in_place(self, other):
        held, bare = self._held, _bare(other)
        now_or_in_graph(lambda: getattr(operator, f"i{name}")(held, bare))
        return self

    setattr(ndarray, f"__{name}__", forward)
    setattr(ndarray, f"__r{name}__", backward)
    setattr(ndarray, f"__i{name}__", in_place)


for _name in ("add", "sub", "mul", "truediv"):
    _operator(_name)


_ZONE = 512
_NOBODYS = 0x5A  # a kernel that reads there has a number beyond all others
_numbers = itertools.count()
_zones = {}
"""All memory of the device: each array lies between two zones of nobody's."""


def _new(array):
    alive()
    if array.nbytes > Machine.memory:
        raise OutOfMemoryError(f"Out of memory allocating {array.nbytes} bytes")
    raw, number = np.full(array.nbytes + 2 * _ZONE, _NOBODYS, np.uint8), next(_numbers)
    _zones[number] = weakref.ref(raw, lambda _: _zones.pop(number, None))
    held = raw[_ZONE:-_ZONE].view(array.dtype).reshape(array.shape)
    held[...] = array
    return ndarray(held)


def check_zones():
    """Raise if a kernel has written outside of its arrays."""
    for ref in list(_zones.values()):
        raw = ref()
        if raw is None:
            continue
        if (raw[:_ZONE] != _NOBODYS).any() or (raw[-_ZONE:] != _NOBODYS).any():
            raise AssertionError("a kernel wrote outside of its arrays")


def empty(shape, dtype=float):
    try:
        array = np.empty(shape, dtype)
    except MemoryError as error:
        raise OutOfMemoryError(str(error)) from None
    if array.dtype.kind == "f":
        array.fill(np.nan)  # nobody may count on what new memory holds
    return _new(array)


def zeros(shape, dtype=float):
    return _new(np.zeros(shape, dtype))


def full(shape, value, dtype=None):
    return _new(np.full(shape, value, dtype))


def ones(shape, dtype=float):
    return _new(np.ones(shape, dtype))


def arange(*bounds, dtype=None):
    return _new(np.arange(*bounds, dtype=dtype))


def empty_like(like, dtype=None, shape=None):
    return empty(like.shape if shape is None else shape, dtype or like.dtype)


def zeros_like(like, dtype=None, shape=None):
    return zeros(like.shape if shape is None else shape, dtype or like.dtype)


def asarray(array, dtype=None):
    if isinstance(array, ndarray):
        return array
    not_in_graph()
    return _new(np.array(array, dtype, order="C"))


def asnumpy(array):
    return array.get()


def ascontiguousarray(array):
    return ndarray(np.ascontiguousarray(_bare(array)))


def concatenate(arrays, axis=0):
    return ndarray(np.concatenate([_bare(array) for array in arrays], axis))


def repeat(array, times, axis=None):
    return ndarray(np.repeat(_bare(array), times, axis))


def where(which, yes, no):
    return ndarray(np.where(_bare(which), _bare(yes), _bare(no)))


def may_share_memory(a, b):
    return np.may_share_memory(_bare(a), _bare(b))


def modules():
    """What goes into sys.modules in place of CuPy."""
    cupy, backends = ModuleType("cupy"), ModuleType("cupy_backends")
    names = (
        "ndarray empty zeros full ones arange empty_like zeros_like asarray asnumpy "
        "ascontiguousarray concatenate repeat where may_share_memory RawModule"
    )
    for name in names.split():
        setattr(cupy, name, globals()[name])
    cupy.__version__ = "14.0 (stand-in)"
    cupy.isfinite = lambda x: _wrapped(np.isfinite(_bare(x)))
    cupy.cuda = ModuleType("cupy.cuda")
    contents = {
        "nccl": SimpleNamespace(
            available=True,
            get_unique_id=lambda: ("id",),
            NcclCommunicator=NcclCommunicator,
            NcclError=NcclError,
            NCCL_FLOAT32=7,
            NCCL_FLOAT64=8,
            NCCL_SUM=0,
        ),
        "get_current_stream": lambda: SimpleNamespace(ptr=5),
        "Device": Device,
        "runtime": SimpleNamespace(
            getDeviceCount=count,
            getDeviceProperties=properties,
            CUDARuntimeError=CUDARuntimeError,
            driverGetVersion=lambda: 12080,
        ),
        "driver": SimpleNamespace(
            CUDADriverError=CUDADriverError,
            occupancyMaxActiveBlocksPerMultiprocessor=blocks_a_processor,
        ),
        "Stream": Stream,
        "memory": SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        "compiler": SimpleNamespace(CompileException=CompileException),
        "device": SimpleNamespace(get_cublas_handle=lambda: 7),
    }
    vars(cupy.cuda).update(contents)
    cublas = ModuleType("cupy_backends.cuda.libs.cublas")
    cublas.gemmEx, cublas.CUBLASError = gemmEx, CUBLASError
    cuda, libs = ModuleType("cupy_backends.cuda"), ModuleType("cupy_backends.cuda.libs")
    libs.cublas, cuda.libs, backends.cuda = cublas, libs, cuda
    found = (cupy, cupy.cuda, backends, cuda, libs, cublas)
    return {module.__name__: module for module in found}
