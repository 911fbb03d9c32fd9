"""CUDA sources compiled as C++, and their kernels called on NumPy's memory."""

import ctypes
import hashlib
import os
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

_LAUNCH = Path(__file__).parent / "cuda" / "launch.h"
_FLAGS = ["-O1", "-std=c++17", "-w", "-shared", "-fPIC", "-ffp-contract=off"]
_NUMBERS = {
    "f": np.float32, "d": np.float64, "i": np.int32, "q": np.int64, "I": np.uint32, "Q": np.uint64,
}  # fmt: skip


_FAULTS = {
    1: "threads ended while others waited at a barrier",
    2: "a block wrote beyond its shared memory",
}


class Kernel:
    """One kernel, called as CuPy calls it: grid, block, arguments.

    Arguments are arrays of the stand-in (tests/fake_cupy.py) or NumPy scalars of just the type
    that the kernel has: CuPy would pass any bytes on.
    """

    def __init__(self, library, name):
        self.name = name
        self._launch = library[f"launch_{name}"]
        self._set_dynamic = getattr(library, "shim_set_dynamic", None)
        kinds = library[f"kinds_{name}"]
        kinds.restype = ctypes.c_char_p
        self._kinds = kinds().decode()

    def __call__(self, grid, block, arguments, shared_mem=0):
        if shared_mem:
            self._set_dynamic(shared_mem)
        if len(arguments) != len(self._kinds):
            raise TypeError(f"{self.name} takes {len(self._kinds)} arguments, not {len(arguments)}")
        boxes = [self._box(i, kind, x) for i, (kind, x) in enumerate(zip(self._kinds, arguments))]
        pointers = (ctypes.c_void_p * len(boxes))(*(ctypes.addressof(box) for box in boxes))
        shapes = [(ctypes.c_uint * 2)(*(*shape, 1, 1)[:2]) for shape in (grid, block)]
        assert np.prod(block) <= 1024 and min(*grid, *block) > 0
        if failed := self._launch(*shapes, pointers):
            raise RuntimeError(f"{self.name}: {_FAULTS[failed]}")

    def _box(self, i, kind, x):
        if kind == "P":
            if hasattr(x, "data") and hasattr(x.data, "ptr"):
                return ctypes.c_uint64(x.data.ptr)
            wanted = np.uint64
        else:
            wanted = _NUMBERS[kind]
        if type(x) is not wanted:
            raise TypeError(f"{self.name}: argument {i} is {type(x)}, the kernel takes {wanted}")
        box = ctypes.c_uint64() if x.itemsize == 8 else ctypes.c_uint32()
        ctypes.memmove(ctypes.addressof(box), x.tobytes(), x.itemsize)
        return box


@cache
def library(code, options):
    """The kernels by name of one source."""
    macros = [option for option in options if option.startswith("-D")]
    names = re.findall(r"^LM_KERNEL (\w+)\(", code, re.MULTILINE)
    launch = "shim_launch" if "__syncthreads" in code else "shim_launch_plain"
    if "LM_DYNAMIC_SHARED(LM_REAL" in code:
        macros.append("-DSHIM_COOPERATIVE")
        launch = "shim_launch_together"
    exports = "".join(f"SHIM_EXPORT({name}, {launch})\n" for name in names)
    text = f"{_LAUNCH.read_text()}\n{code}\n{exports}"
    key = hashlib.sha256(repr((text, macros, _FLAGS)).encode()).hexdigest()[:24]
    folder = Path(tempfile.gettempdir()) / f"lstm_music_cuda_{os.getuid()}"
    folder.mkdir(exist_ok=True)
    built = folder / f"{key}.so"
    if not built.exists():
        trial = folder / f"{key}.{os.getpid()}.so"
        command = ["g++", *_FLAGS, *macros, "-x", "c++", "-", "-o", str(trial)]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:4000]
        trial.replace(built)
    loaded = ctypes.CDLL(str(built))
    return {name: Kernel(loaded, name) for name in names}
