import fake_cupy
import pytest

from lstm_music.backends.gpu import sequence, stepping


@pytest.fixture
def cupy(monkeypatch):
    """The stand-in, in CuPy's place."""
    for name, module in fake_cupy.modules().items():
        monkeypatch.setitem(__import__("sys").modules, name, module)
    for name, value in vars(fake_cupy.Machine).items():
        if not name.startswith("_"):
            monkeypatch.setattr(fake_cupy.Machine, name, value)
    return fake_cupy


@pytest.fixture
def products_of_numpy(monkeypatch):
    """In place of those that run as fibers, which test_gpu_generation.py has."""
    for module in (sequence, stepping):
        monkeypatch.setattr(
            module, "own_product", lambda device, *matrices, **options:
            device.prepared_product(*matrices, **options),
        )  # fmt: skip
