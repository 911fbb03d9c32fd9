"""Serve the page of the studio, and show it."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from lstm_music.errors import MidiError
from lstm_music.serve.run import Settings, run

STATIC = Path(__file__).parent / "static"
"""The page: HTML, styles and JavaScript modules, as a browser takes them."""


def run_studio(
    file: Path | None,
    *,
    port: int,
    model: str = "default",
    precision: str = "bfloat16",
    tell: Callable[[str], None],
    show: Callable[[str], object] = webbrowser.open,
) -> None:
    """Serve the studio until a signal ends it.

    Parameters
    ----------
    file : music that the page opens; None: the page shows what it had last.
    port : to listen at, on this machine alone; 0 takes a free one.
    model : what composes unless the page names another.
    precision : of its weights: bfloat16, float32 or int8.
    tell : called with the address when the page can be had.
    show : shows an address to the user; called in a thread.

    Raises
    ------
    MidiError : there is no such file.
    OutputError : the port is not to be had.
    ConfigError : a library is missing.
    ServeError : the model cannot be loaded.
    """
    if file is not None and not file.is_file():
        raise MidiError(f"{file}: no such file; give a MIDI or MusicXML file, or none")

    def listening(addresses: dict[str, tuple[str, int]]) -> None:
        address = f"http://127.0.0.1:{addresses['http'][1]}/"
        if file is not None:
            address += f"?open={quote(file.name)}"
        tell(address)
        # Some browsers keep their caller until they are closed.
        threading.Thread(target=show, args=(address,), daemon=True).start()

    settings = Settings(http=port, static=STATIC, opened=file, model=model, precision=precision)
    run(settings, listening)
