"""Every cell by name. Adding one adds one line to ``_KINDS``, or to ``cells/gated.py``."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lstm_music.cells import elementwise, fed, gated
from lstm_music.cells.block import BLOCK
from lstm_music.cells.conv import CONV_LSTM
from lstm_music.cells.gru import GRU
from lstm_music.cells.janet import JANET
from lstm_music.cells.layernorm_lstm import LAYERNORM_LSTM
from lstm_music.cells.mi_lstm import MI_LSTM
from lstm_music.cells.options import ZONEOUT_C, ZONEOUT_H, Option, canonical, read_options
from lstm_music.cells.rnn import RNN
from lstm_music.cells.slstm import SLSTM
from lstm_music.cells.spec import CellKind, CellSpec
from lstm_music.errors import ConfigError

_KINDS: dict[str, CellKind] = {
    kind.name: kind
    for kind in (
        *gated.KINDS,
        *fed.KINDS,
        BLOCK,
        CONV_LSTM,
        LAYERNORM_LSTM,
        MI_LSTM,
        SLSTM,
        JANET,
        *elementwise.KINDS,
        GRU,
        RNN,
    )
}


def cell_names() -> tuple[str, ...]:
    """Plain names of all cells, in the order of the registry.

    Examples
    --------
    >>> cell_names()[:4]
    ('lstm', 'lstm-1997', 'peephole', 'coupled')
    """
    return tuple(_KINDS)


def cell_options(name: str) -> tuple[Option, ...]:
    """What may stand behind a plain name.

    Raises
    ------
    ConfigError : no cell has that name; the message lists those that exist.

    Examples
    --------
    >>> [option.key for option in cell_options("lstm")]
    ['s_h', 'forget_bias', 'zoneout_c', 'zoneout_h']
    """
    return _kind(name).options


@lru_cache
def cell_spec(name: str) -> CellSpec:
    """The cell called ``name``: ``lstm``, ``lstm:s_h=identity,forget_bias=2``.

    Raises
    ------
    ConfigError : no cell has that name, or it does not accept an option; the message lists
        what there is.

    Examples
    --------
    >>> cell_spec("lstm").states
    2
    >>> cell_spec("lstm:forget_bias=2.0,s_h=tanh").name
    'lstm:forget_bias=2'
    """
    plain, colon, options = name.partition(":")
    kind = _kind(plain)
    values = read_options(plain, kind.options, options.split(",") if colon else ())
    spec = kind.spec(canonical(plain, kind.options, values), values)
    given = {"h": values.get(ZONEOUT_H.key, 0.0), "c": values.get(ZONEOUT_C.key, 0.0)}
    rates = tuple(given.get(state, 0.0) for state in spec.state_order)
    return replace(spec, zoneout=rates if any(rates) else ())


def _kind(name: str) -> CellKind:
    try:
        return _KINDS[name]
    except KeyError:
        raise ConfigError(
            f"no cell is called {name!r}; choose from {', '.join(cell_names())}"
        ) from None
