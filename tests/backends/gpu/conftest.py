import fake_cupy
import pytest


@pytest.fixture
def cupy(monkeypatch):
    """The stand-in, in CuPy's place."""
    for name, module in fake_cupy.modules().items():
        monkeypatch.setitem(__import__("sys").modules, name, module)
    for name, value in vars(fake_cupy.Machine).items():
        if not name.startswith("_"):
            monkeypatch.setattr(fake_cupy.Machine, name, value)
    return fake_cupy
