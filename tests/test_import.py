"""Importing the package, and asking for help, load nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest
from paths import MIDI_DATA

HEAVY = ("numpy", "music21", "mido", "safetensors", "rich", "matplotlib", "torch")
HEAVY += ("starlette", "uvicorn", "pythonosc", "asyncio")


def _loaded_after(code):
    probe = f"{code}\nimport sys; print(*sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(out.stdout.split("\n")[-2].split())


@pytest.mark.parametrize(
    "code",
    [
        "import lstm_music",
        "import lstm_music.client",
        "import lstm_music.cli.main",
        "from lstm_music.cli.main import run; run(['--help'])",
        "from lstm_music.cli.main import run; run(['generate', '--help'])",
        "from lstm_music.cli.main import run; run(['serve', '--help'])",
    ],
)
def test_light_imports(code):
    loaded = _loaded_after(code)
    assert not loaded.intersection(HEAVY)
    compiled = {name for name in loaded if name.startswith("lstm_music.kernels")}
    assert not compiled


def test_composing_loads_only_what_the_request_uses(tmp_path):
    """Each of these took every command some milliseconds of its start."""
    seed, out = MIDI_DATA / "reel.mid", tmp_path / "out.mid"
    args = ["infill", str(seed), "--bars", "3-4", "--rng-seed", "1", "-o", str(out)]
    loaded = _loaded_after(f"from lstm_music.cli.main import run; assert run({args}) == 0")
    assert out.exists()
    unused = {"music21", "numpy.ma", "numpy.random", "secrets", "rich", "joblib"}
    unused |= {"lstm_music.backends.reference", "lstm_music.backends.cpu_backward"}
    unused |= {"lstm_music.backends.cpu_conv", "lstm_music.reference.conv"}
    unused |= {"lstm_music.music.harmony.find", "lstm_music.music.listening.quantise"}
    assert sorted(loaded & unused) == []


def test_every_exported_name_resolves():
    import lstm_music

    assert sorted(lstm_music.__all__) == lstm_music.__all__
    assert set(lstm_music.__all__) == set(lstm_music._EXPORTS)
    for name in lstm_music.__all__:
        assert getattr(lstm_music, name) is not None
    assert set(lstm_music.__all__) <= set(dir(lstm_music))


def test_an_unknown_name_is_an_attribute_error():
    import lstm_music

    with pytest.raises(AttributeError, match="no attribute 'compose_symphony'"):
        _ = lstm_music.compose_symphony


def test_no_exported_function_shares_a_name_with_a_subpackage():
    """Importing the subpackage would put the module in the function's place."""
    import lstm_music

    folder = Path(lstm_music.__file__).parent
    functions = [name for name, (_, attribute) in lstm_music._EXPORTS.items() if attribute]
    assert [name for name in functions if (folder / name).exists()] == []
    assert [name for name in functions if (folder / f"{name}.py").exists()] == []
