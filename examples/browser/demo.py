"""Put a static folder together: the studio's page, Pyodide, NumPy and the package.

``demo.py PYODIDE NUMPY WHEELS OUT``, all of them folders.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
STUDIO = HERE.parents[1] / "lstm_music/studio/static"
RUNTIME = (
    "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip",
)  # fmt: skip
PURE = ("mido", "packaging")
"""What else composing imports. music21 is not among it, so the page reads MIDI files alone."""

MODELS = ("default",)
NOT_RUN = shutil.ignore_patterns("tests", "include", "*.a", "*.pyi", "__pycache__")


def main(pyodide, numpy, wheels, out):
    """Write the folder OUT."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(STUDIO, out)
    shutil.copy(HERE / "page/reach.js", out / "js/net")
    shutil.copy(HERE / "page/worker.js", out)
    (out / "pyodide").mkdir()
    for name in RUNTIME:
        shutil.copy(pyodide / name, out / "pyodide")
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), numpy, wheels)
        shutil.make_archive(str(out / "packages"), "zip", folder)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.0f} MB. Show it: python3 -m http.server --directory {out}")


def fill(site, numpy, wheels):
    """All that Python is to import, in the folder ``site``."""
    shutil.copytree(numpy / "numpy", site / "numpy", ignore=NOT_RUN)
    (wheel,) = wheels.glob("lstm_music-*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    for path in (site / "lstm_music/pretrained").iterdir():
        if path.suffix != ".py" and path.stem not in MODELS:
            path.unlink()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    subprocess.run([*install, "--target", str(site), *PURE], check=True)


main(*map(Path, sys.argv[1:]))
