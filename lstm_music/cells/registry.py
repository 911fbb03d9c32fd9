"""Every cell by name. Adding one adds one line to ``_CELLS``."""

from __future__ import annotations

from lstm_music.cells.lstm import LSTM
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError

_CELLS: dict[str, CellSpec] = {cell.name: cell for cell in (LSTM,)}


def cell_names() -> tuple[str, ...]:
    """Names of all cells, in the order of the registry.

    Examples
    --------
    >>> cell_names()
    ('lstm',)
    """
    return tuple(_CELLS)


def cell_spec(name: str) -> CellSpec:
    """The cell called ``name``.

    Raises
    ------
    ConfigError : no cell has that name; the message lists those that exist.

    Examples
    --------
    >>> cell_spec("lstm").states
    2
    """
    try:
        return _CELLS[name]
    except KeyError:
        raise ConfigError(f"no cell is called {name!r}; choose from {', '.join(_CELLS)}") from None
