"""Our own damaged and odd MIDI files: those of tests/data/torture, and three that are made here."""

from pathlib import Path

from paths import TEST_DATA
from smf_bytes import END, smf

TORTURE = TEST_DATA / "torture"

_A_MEGABYTE = b"\x00\xff\x01\xbd\x84\x41" + b"a" * 1_000_001  # a text of that length
_NOTE = " 00 90 3C 40  83 60 80 3C 00"


def _large() -> dict[str, bytes]:
    """The files that a line of Python tells better than a megabyte."""
    return {
        "51_meta_text_1MB": smf(_A_MEGABYTE.hex() + _NOTE + END, division=480),
        "76_1e5_notes": smf("00 90 3C 40 01 80 3C 00" * 100_000 + END, division=480),
        "77_65535_empty_tracks": smf(*[END] * 65_535, division=480),
    }


def write_own_files(folder: Path) -> dict[str, Path]:
    """Name and path of each; the large ones are made in ``folder``."""
    for name, data in _large().items():
        (folder / f"{name}.mid").write_bytes(data)
    paths = [*TORTURE.glob("*.mid"), *folder.glob("*.mid")]
    return {path.stem: path for path in sorted(paths, key=lambda path: path.name)}
