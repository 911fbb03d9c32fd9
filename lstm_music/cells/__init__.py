"""What each LSTM cell is: equations, sizes, source. No numerics.

>>> import lstm_music as lm
>>> "lstm" in lm.cells.names()
True
>>> cell = lm.cells.make("lstm", input_size=8, hidden_size=16, dtype="float64", rng_seed=0)
>>> sorted(cell.params)
['U', 'W', 'b']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstm_music.cells.registry import cell_names as names

if TYPE_CHECKING:
    from lstm_music.nn.cell import Cell

__all__ = ["make", "names"]


def make(name: str, *, input_size: int, hidden_size: int, **options: Any) -> Cell:
    """Make a cell with random weights; see ``lstm_music.nn.cell.make`` for the options."""
    # Reaches up, so that the public name can be the package's own: docs/adr/0001-*.md.
    from lstm_music.nn import cell

    return cell.make(name, input_size=input_size, hidden_size=hidden_size, **options)
