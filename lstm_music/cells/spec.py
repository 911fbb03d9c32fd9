"""What a cell is: its sizes, its equations and where they come from.

A cell is data (:class:`CellSpec`) and two *row* functions, forward and backward, that act on
one batch row of one time step. One driver owns everything else: the products with ``W`` and
``U``, the loop over time, lengths, and the parameter gradients. The row functions live in
``lstm_music/reference`` (the definition of correct) and ``src/c/rows_*.inc`` (fast).

::

    row_forward (wx[gates_w,H], uh[gates_u,H], s_prev[states,H], p[row_params,H])
        -> s_next[states,H], k[cached,H]
    row_backward(ds[states,H], s_prev, s_next, k, p)
        -> dwx[gates_w,H] (=), duh[gates_u,H] (=), ds_prev[states,H] (=), dp[row_params,H] (+=)

``uh`` is the product of U with the states that are fed back: h, unless :attr:`CellSpec.fed` says
otherwise. ``ds_prev`` is what flows back inside the cell; the driver adds ``duh U`` to the states
that were fed. State 0 is always the output h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lstm_music.cells.maps import MapShape
from lstm_music.cells.options import Option
from lstm_music.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Blocks:
    """Every ``size`` cells in a row share their gates.

    W, U and b have a row a block for each gate, and a row a unit for the cell's input ``g`` alone.
    """

    size: int


@dataclass(frozen=True, slots=True)
class MappedInput:
    """x is mapped into the space of the units before all else, by ``M_in`` (H, D).

    The cell's input ``u`` is M_in x, without a bias; the gates see W (.., H) times that.
    """


@dataclass(frozen=True, slots=True)
class CellSpec:
    """The sizes a driver needs, and the text a reader needs.

    Attributes
    ----------
    name : the cell with its options, as ``cell_spec`` writes them: ``lstm:forget_bias=2``.
    rows : the key of its row functions in the tables of ``reference/rows.py`` and
        ``src/c/rows_impl.inc``; cells that differ in their starts alone share them.
    gates_w : rows of H values that ``W x + b`` gives; ``W`` is (gates_w·H, D), ``b`` (gates_w·H,).
    gates_u : rows of H values that ``U`` gives; ``U`` is (gates_u·H, H). 0: the cell has no
        recurrent matrix, each unit sees its own state alone, and ``U`` is (0, H).
    state_order : the states carried from step to step, a row of H values each; the first is h,
        the output.
    cached : rows of H values that the backward pass needs from the forward pass.
    row_params : extra parameter rows of H values (peepholes, gains); ``p`` is (row_params, H).
    sums_early : the cell sees only ``wx + uh``, so gates_u is gates_w and ``duh`` is ``dwx``;
        one state is fed. Also a cell without U, which sees only ``wx``.
    gate_order : the gates in the order of the rows of ``W``, ``U``, ``b``.
    equations : the forward pass, one line a gate.
    cite : source, with equation numbers where the paper has them.
    row_start : what each row of ``p`` starts at, a number, or (low, high) for random numbers
        between the two; empty: random, like the weights.
    bias_start : what the biases of each gate start at; empty: 0.
    fed : the state that each of the gates_u blocks of H rows of ``U`` multiplies, the blocks of
        a state side by side; empty: h for all. A gate that sees two states has two blocks.
    zoneout : the probability that a unit of each state keeps its old value; empty: none does.
    made_of : what W, U and b are made of where they are not parameters themselves; the sizes
        above are those of W, U and b.
    maps : for a cell whose products with W and U are convolutions, how its units lie: H is C·P,
        C channels of P places, and D likewise; ``W`` is (gates_w·C, C_in·taps), ``U``
        (gates_u·C, C·taps), ``b`` (gates_w·C,). Such a cell sums early, is fed h, and caches
        gates_w rows. None: every unit sees all the others.
    """

    name: str
    rows: str
    gates_w: int
    gates_u: int
    state_order: tuple[str, ...]
    cached: int
    row_params: int
    sums_early: bool
    gate_order: tuple[str, ...]
    equations: str
    cite: str
    row_start: tuple[float | tuple[float, float], ...] = ()
    bias_start: tuple[float, ...] = ()
    fed: tuple[int, ...] = ()
    zoneout: tuple[float, ...] = ()
    made_of: Blocks | MappedInput | None = None
    maps: MapShape | None = None

    @property
    def states(self) -> int:
        """How many rows of H values are carried from step to step."""
        return len(self.state_order)

    def shapes(self, D: int, H: int) -> dict[str, tuple[int, ...]]:
        """W, U, b, and p for a cell that has row parameters, of D inputs and H units.

        Raises
        ------
        ConfigError : D or H is not a whole number of channels of the map.

        Examples
        --------
        >>> from lstm_music.cells.registry import cell_spec
        >>> cell_spec("gru").shapes(3, 5)
        {'W': (15, 3), 'U': (15, 5), 'b': (15,), 'p': (1, 5)}
        """
        n_inputs, n_units = self.channels("input", D), self.channels("hidden", H)
        taps = self.maps.taps if self.maps else 1
        G = self.gates_w * n_units
        shapes: dict[str, tuple[int, ...]] = {
            "W": (G, n_inputs * taps),
            "U": (self.gates_u * n_units, n_units * taps),
            "b": (G,),
        }
        return shapes | ({"p": (self.row_params, H)} if self.row_params else {})

    def channels(self, name: str, size: int) -> int:
        """Channels that so many units are; without a map each unit is one.

        Raises
        ------
        ConfigError : it is no whole number of them.
        """
        places = self.maps.places if self.maps else 1
        if size % places:
            raise ConfigError(
                f"{self.name} has channels of {places} places, so the {name} size must be a "
                f"multiple of {places}, got {size}"
            )
        return size // places

    def width(self, n_columns: int) -> int:
        """D or H of the cell whose W or U has so many columns."""
        if self.maps is None:
            return n_columns
        return n_columns // self.maps.taps * self.maps.places

    @property
    def feeds(self) -> tuple[tuple[int, int, int], ...]:
        """(state, first, last) of each state that is fed: blocks first..last-1 of ``U`` see it.

        Examples
        --------
        >>> from lstm_music.cells.registry import cell_spec
        >>> cell_spec("lstm").feeds, cell_spec("peephole-cell").feeds
        (((0, 0, 4),), ((1, 0, 3),))
        """
        fed = self.fed or (0,) * self.gates_u
        return tuple((s, fed.index(s), fed.index(s) + fed.count(s)) for s in dict.fromkeys(fed))


@dataclass(frozen=True, slots=True)
class CellKind:
    """A line of the registry: a plain name and all the specs that its options give.

    Attributes
    ----------
    name : what stands before the ``:``.
    options : what may stand behind it.
    spec : called with the whole name and a value for every option.
    """

    name: str
    options: tuple[Option, ...]
    spec: Callable[[str, Mapping[str, Any]], CellSpec]
