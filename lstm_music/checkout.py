"""Sources that are not compiled, as in a checkout: the installed package takes their place.

Python looks in the folder that it was started in before it looks among the installed packages. So
after ``pip install .`` it finds the sources there first, which lack the compiled modules.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location


def use_installed(sources: str) -> None:
    """Import the installed ``lstm_music`` instead of the one in the folder ``sources``.

    Raises
    ------
    ImportError : none is installed.
    """
    for entry in sys.path:
        folder = os.path.join(entry, "lstm_music")  # noqa: PTH118
        if PathFinder.find_spec("order", [f"{folder}/music"]):
            spec = spec_from_file_location("lstm_music", f"{folder}/__init__.py")
            assert spec and spec.loader
            module = module_from_spec(spec)
            sys.modules["lstm_music"] = module
            spec.loader.exec_module(module)
            return
    root = os.path.dirname(sources)  # noqa: PTH120
    raise ImportError(
        f"lstm_music in {root} is not compiled for this Python, and no compiled one is installed; "
        f'run "{sys.executable}" -m pip install "{root}"'
    )
