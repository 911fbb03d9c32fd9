"""What happens without CuPy, without a driver, on a lost device, or with too little memory."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from lstm_music.backends.base import Backend
from lstm_music.backends.registry import get_backend, gpu_name
from lstm_music.errors import BackendError, ConfigError


def test_without_cupy_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendError, match=r"lstm_music\[gpu\]"):
        get_backend("gpu")
    assert get_backend("auto").name == "cpu"


def test_without_a_driver(cupy, monkeypatch):
    monkeypatch.setattr(cupy.Machine, "driver", False)
    with pytest.raises(BackendError, match=r"driver.*nvidia-smi"):
        get_backend("gpu")
    assert get_backend("auto").name == "cpu"


def test_auto_takes_the_gpu_that_there_is(cupy):
    assert gpu_name() == "stand-in, compute capability 9.0"
    assert get_backend("auto").name == "gpu"


def test_a_gpu_that_is_not_there(cupy):
    with pytest.raises(BackendError, match="no GPU number 1"):
        get_backend("gpu:1")
    cupy.Machine.devices = 2
    assert get_backend("gpu:1").device.number == 1


def test_it_computes_on_the_device_of_its_number(cupy, monkeypatch):
    monkeypatch.setattr(cupy.Machine, "devices", 2)
    gpu = get_backend("gpu:1")
    with gpu.current():
        assert cupy.Machine.current == 1
    assert cupy.Machine.current == 0
    for name in dir(Backend):
        computes = name[0] != "_" and name not in ("current", "workspace")
        if computes and callable(getattr(Backend, name)):
            assert hasattr(getattr(type(gpu), name), "__wrapped__"), f"{name} lacks @on_device"


@pytest.mark.parametrize("name", ["gpu:", "gpu:x", "gpu:-1", "GPU"])
def test_no_such_name(name):
    with pytest.raises(ConfigError, match="no backend"):
        get_backend(name)


def test_no_such_precision(cupy):
    with pytest.raises(ConfigError, match="tf32"):
        get_backend("gpu", precision="float8")


def test_too_little_memory_says_what_to_make_smaller(cupy, monkeypatch):
    gpu = get_backend("gpu")
    monkeypatch.setattr(cupy.Machine, "memory", 100)
    with pytest.raises(BackendError, match="smaller batch"):
        gpu.to_device(np.ones(1000))


def test_a_lost_device_sends_back_to_the_checkpoint(cupy, monkeypatch):
    gpu = get_backend("gpu")
    x = gpu.to_device(np.ones(10))
    monkeypatch.setattr(cupy.Machine, "lost", True)
    with pytest.raises(BackendError, match="--resume"):
        gpu.norm(x)


def test_arrays_of_the_host_are_refused(cupy):
    gpu = get_backend("gpu")
    with pytest.raises(TypeError):
        gpu.norm(np.ones(10))


def test_a_copy_has_the_same_device_and_precision(cupy):
    gpu = pickle.loads(pickle.dumps(get_backend("gpu", precision="tf32")))
    assert gpu.device.precision == "tf32"


def test_nothing_of_it_is_imported_without_being_asked_for():
    code = (
        "import sys, lstm_music.nn.model, lstm_music.training.loop\n"
        "assert not [n for n in sys.modules if 'cupy' in n or 'backends.gpu' in n]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
