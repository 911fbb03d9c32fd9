"""Every cell by name. Adding one adds one name to ``_CELLS``, or a line to ``cells/gated.py``."""

from __future__ import annotations

from lstm_music.cells.fed import SPECS as FED
from lstm_music.cells.gated import SPECS as GATED
from lstm_music.cells.gru import GRU
from lstm_music.cells.layernorm_lstm import LAYERNORM_LSTM
from lstm_music.cells.rnn import RNN
from lstm_music.cells.spec import CellSpec
from lstm_music.errors import ConfigError

_CELLS: dict[str, CellSpec] = {cell.name: cell for cell in (*GATED, *FED, GRU, RNN, LAYERNORM_LSTM)}


def cell_names(*, options: bool = False) -> tuple[str, ...]:
    """Names of all cells, in the order of the registry.

    Parameters
    ----------
    options : also those with an option behind the name, such as ``lstm:s_h=identity``.

    Examples
    --------
    >>> cell_names()[:4]
    ('lstm', 'lstm-1997', 'peephole', 'coupled')
    """
    return tuple(name for name in _CELLS if options or ":" not in name)


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
        raise ConfigError(
            f"no cell is called {name!r}; choose from {', '.join(cell_names())}"
        ) from None
