"""The first page of a piece as MuseScore engraves it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lstm_music.midi.export.formats import to_bytes
from lstm_music.music.piece import Piece

PROGRAMS = ("mscore4portable", "mscore4", "mscore", "musescore", "mscore3", "musescore3")
_SECONDS = 120
_DPI = "110"


def engraver() -> str | None:
    """MuseScore's program, or None where it is not installed."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def first_page(piece: Piece) -> bytes | None:
    """The first page as a PNG; None without MuseScore, or where it fails.

    Raises
    ------
    MidiError : the piece holds what a score cannot say.
    """
    program = engraver()
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="lstm_music-") as folder:
        score, picture = Path(folder, "piece.musicxml"), Path(folder, "page.png")
        score.write_bytes(to_bytes(piece, ".musicxml"))
        # It wants a home and a screen, and gets neither of the user's.
        environment = os.environ | {
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder,
        }
        command = [program, "-r", _DPI, "-T", "20", "-o", str(picture), str(score)]
        try:
            subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        pages = sorted(Path(folder).glob("page*.png"))
        return pages[0].read_bytes() if pages else None
