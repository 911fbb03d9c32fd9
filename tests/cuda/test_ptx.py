"""Every CUDA source compiles for real GPUs: NVRTC makes PTX of it, which needs no device."""

import ctypes
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lstm_music.backends.gpu.device import _OPTIONS
from lstm_music.backends.gpu.sources import source, source_names
from lstm_music.cells.registry import cell_names, cell_spec
from lstm_music.reference.optim import RULES


@pytest.fixture(scope="session")
def nvrtc():
    spec = find_spec("nvidia.cuda_nvrtc")
    if spec is None:
        pytest.skip("needs NVRTC: pip install nvidia-cuda-nvrtc-cu12")
    (folder,) = spec.submodule_search_locations
    return ctypes.CDLL(str(next(Path(folder, "lib").glob("libnvrtc.so.*"))))


def ptx(nvrtc, code, options):
    """The PTX of a source; an AssertionError with the compiler's words if there is none."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert (
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"x.cu", 0, None, None) == 0
    )
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    failed = nvrtc.nvrtcCompileProgram(program, len(options), given)
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert not failed, log.value.decode()
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, text)
    return text.value.decode()


class Recorder:
    """Takes the place of a device: notes what would be compiled."""

    def __init__(self):
        self.asked = set()

    def kernel(self, file, name, dtype, **macros):
        self.asked.add((file, tuple(sorted(macros.items()))))


def builds():
    """Every source with the macros that it is ever compiled with."""
    from cell_cases import VARIANTS

    from lstm_music.backends.gpu.persistent import PersistentKernels, is_unit_cell
    from lstm_music.backends.gpu.rows import step_kernels

    recorder = Recorder()
    for cell in VARIANTS:
        spec = cell_spec(cell)
        step_kernels(recorder, spec, np.dtype(np.float32))
        if is_unit_cell(spec) and not spec.maps:
            PersistentKernels(recorder, spec, np.dtype(np.float32))
    rules = [("optim", (("LM_RULE", rule),)) for rule in RULES]
    chosen = ("rows", "layernorm", "optim", "persistent")
    rest = [(name, ()) for name in source_names() if name not in chosen]
    return sorted(recorder.asked) + rules + rest


def name(build):
    file, macros = build
    chosen = [str(value) for macro, value in macros if macro in ("LM_CELL", "LM_RULE")]
    return "-".join([file, *chosen])


@pytest.mark.parametrize(
    ("real", "architecture"),
    # Both architectures and both element types; not each with each, for the time it takes.
    [("float32", "compute_80"), ("float64", "compute_90")],
)
@pytest.mark.parametrize("build", builds(), ids=name)
def test_it_compiles_and_keeps_its_arrays_in_registers(build, real, architecture, nvrtc):
    file, macros = build
    options = [*_OPTIONS, "-ftz=true", "-w", f"--gpu-architecture={architecture}"]
    options += [f"-D{name}={value}" for name, value in macros]
    options += ["-DLM_DOUBLE"] if real == "float64" else []
    text = ptx(nvrtc, source(file), options)
    assert ".entry" in text
    if file in ("rows", "optim", "products", "persistent"):  # a unit's arrays are no memory
        assert ".local" not in text


def test_a_wrong_source_is_found_out(nvrtc):
    with pytest.raises(AssertionError, match="undefined"):
        ptx(nvrtc, 'extern "C" __global__ void f(int *x) { *x = y; }', ["-w"])


def test_every_cell_has_a_build():
    assert {cell_spec(name).rows for name in cell_names()}
    assert len({b for b in builds() if b[0] == "rows"}) > 25
