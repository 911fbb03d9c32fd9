"""A small file of piano rolls, made up, in the format of the polyphony tasks."""

from pathlib import Path

import numpy as np

from lstm_music.reproduce.polyphony.rolls import made_up_rolls


def write_made_up(path: Path) -> None:
    """Six pieces to train on and three to validate on."""
    arrays = {}
    for name, pieces in (("train", 6), ("valid", 3)):
        rolls = made_up_rolls(pieces, pieces)
        arrays[f"{name}_frames"] = np.packbits(np.concatenate(rolls), axis=1)
        arrays[f"{name}_lengths"] = np.array([len(roll) for roll in rolls])
    np.savez(path, **arrays)
