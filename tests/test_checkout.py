"""Sources that are not compiled, with and without an installed package that is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lstm_music

PACKAGE = Path(lstm_music.__file__).parent
PACKAGES = Path(np.__file__).parent.parent  # where those are that ours needs


@pytest.fixture
def checkout(tmp_path):
    """A folder with our sources, as Git has them."""
    uncompiled = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", "*.safetensors")
    shutil.copytree(PACKAGE, tmp_path / "checkout" / "lstm_music", ignore=uncompiled)
    return tmp_path / "checkout"


@pytest.fixture
def installed(tmp_path):
    """A folder of installed packages that has ours, compiled, with a mark of its own."""
    folder = tmp_path / "site-packages" / "lstm_music"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "__init__.py").open("a", encoding="utf-8") as file:
        file.write('\n__version__ = "installed"\n')
    return folder.parent


def run(checkout, *command, path=()):
    """Python started in the checkout; it has no packages but those of the folders in ``path``."""
    return subprocess.run(
        [sys.executable, "-S", *command],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )


CODE = """
import lstm_music as lm
from lstm_music.music import order
print(lm.__version__, lm.__file__, order.__file__)
"""


def test_in_a_checkout_the_installed_package_is_used_whole(checkout, installed):
    done = run(checkout, "-c", CODE, path=[installed, PACKAGES])
    assert done.returncode == 0, done.stderr
    version, *files = done.stdout.split()
    assert version == "installed"
    assert [Path(file).is_relative_to(installed) for file in files] == [True, True]


def test_so_it_is_by_python_m(checkout, installed):
    done = run(checkout, "-m", "lstm_music", "--version", path=[installed, PACKAGES])
    assert done.returncode == 0, done.stderr
    assert "installed" in done.stdout


def test_without_an_installed_one_the_error_says_what_to_do(checkout):
    done = run(checkout, "-c", "import lstm_music")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: lstm_music in {checkout} is not compiled")
    assert last.endswith(f'-m pip install "{checkout}"')
