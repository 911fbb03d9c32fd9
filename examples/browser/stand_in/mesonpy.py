"""Stands in for NumPy's build backend: pip wants to know what it downloads, without building it."""

import os
from pathlib import Path


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    """Write the name and version that were asked for; PEP 517."""
    version = os.environ["NUMPY"]
    folder = Path(directory, f"numpy-{version}.dist-info")
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: numpy\nVersion: {version}\n"
    (folder / "METADATA").write_text(text)
    return folder.name
