"""The sizes of a language model."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from lstm_music.cells.registry import cell_spec
from lstm_music.errors import ConfigError
from lstm_music.nn.composition import composition_of

# Far above what a CPU can train; a damaged or hostile file cannot ask for more.
_LIMITS = {
    "n_rows": 1 << 22,
    "n_tokens": 1 << 20,
    "n_streams": 1 << 12,
    "embedding_size": 1 << 15,
    "hidden_size": 1 << 15,
    "layers": 64,
}

DROPOUT_KINDS = ("step", "variational")

# Fields that the first model files do not have.
_YOUNGER = frozenset({"dropout_kind", "residual", "tied_embedding", "learned_state"})

_FLOATS: dict[str, np.dtype[np.floating]] = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}

Shape = tuple[int, ...]


def float_type(dtype: npt.DTypeLike) -> np.dtype[np.floating]:
    """float32 or float64 as NumPy knows them.

    Raises
    ------
    ConfigError : something else.
    """
    try:
        return _FLOATS[np.dtype(dtype).name]
    except (KeyError, TypeError):
        raise ConfigError(f"dtype must be float32 or float64, got {dtype!r}") from None


def check_cell(name: object, embedding_size: int, hidden_size: int) -> None:
    """Raise ConfigError unless there is a cell of that name and these sizes."""
    if type(name) is not str:
        raise ConfigError(f"cell must be a name, got {name!r}")
    composition_of(cell_spec(name)).shapes(embedding_size, hidden_size)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What a language model is, before it has weights.

    Attributes
    ----------
    n_rows : R, rows of the embedding table, over all streams.
    n_tokens : V, tokens to choose from.
    n_streams : rows of the table that are summed for each input.
    embedding_size : D, width of the table.
    cell : name in the cell registry, with or without options: ``lstm:forget_bias=2``.
    hidden_size : H, width of every recurrent layer.
    layers : recurrent layers, one on top of the other.
    dropout : share of each layer's outputs that training zeroes, 0 <= dropout < 1.
    dropout_kind : ``step``: a new mask at every time step; ``variational``: one mask for all
        steps of a row, drawn anew for each chunk. Gal & Ghahramani (2016, arXiv:1512.05287),
        between layers only.
    residual : each layer's input is added to its output where the widths match: always but for
        the first layer, there if embedding_size is hidden_size. He et al. (2016), eq. 1.
    tied_embedding : the output weights are the first n_tokens rows of the embedding table, which
        must be those of the tokens. Press & Wolf (2017).
    learned_state : the state that a sequence starts from is learnt, not zero.

    Raises
    ------
    ConfigError : a value has the wrong type or is out of range, or there is no such
        cell, or none with that hidden_size.
    """

    n_rows: int
    n_tokens: int
    n_streams: int
    embedding_size: int = 128
    cell: str = "lstm"
    hidden_size: int = 256
    layers: int = 2
    dropout: float = 0.0
    dropout_kind: str = "step"
    residual: bool = False
    tied_embedding: bool = False
    learned_state: bool = False

    def __post_init__(self) -> None:
        for name, limit in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= limit:
                raise ConfigError(f"{name} must be a whole number in 1..{limit}, got {value!r}")
        if type(self.dropout) not in (int, float) or not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be at least 0 and below 1, got {self.dropout!r}")
        check_cell(self.cell, self.embedding_size, self.hidden_size)
        self._check_options()

    def _check_options(self) -> None:
        for name in ("residual", "tied_embedding", "learned_state"):
            if type(getattr(self, name)) is not bool:
                raise ConfigError(f"{name} must be true or false, got {getattr(self, name)!r}")
        if self.dropout_kind not in DROPOUT_KINDS:
            raise ConfigError(
                f"dropout_kind must be one of {', '.join(DROPOUT_KINDS)}, got {self.dropout_kind!r}"
            )
        if self.tied_embedding and self.embedding_size != self.hidden_size:
            raise ConfigError(
                "tied_embedding needs embedding_size and hidden_size to be the same, got "
                f"{self.embedding_size} and {self.hidden_size}"
            )
        if self.tied_embedding and self.n_rows < self.n_tokens:
            raise ConfigError(
                f"tied_embedding needs a row for each of {self.n_tokens} tokens, got {self.n_rows}"
            )

    def is_residual(self, layer: int) -> bool:
        """Whether the input of a layer (0 is the first) is added to its output."""
        return self.residual and (layer > 0 or self.embedding_size == self.hidden_size)

    @classmethod
    def from_dict(cls, values: object) -> ModelConfig:
        """The config that ``dataclasses.asdict`` turned into ``values``.

        What a file may lack because it is older than the option has its default.

        Raises
        ------
        ConfigError : a name is missing or unknown, or a value is wrong.
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or not known - _YOUNGER <= values.keys() <= known:
            got = sorted(map(str, values)) if isinstance(values, dict) else type(values).__name__
            raise ConfigError(f"a model has the sizes {sorted(known)}, got {got}")
        return cls(**values)


def layer_name(layer: int, name: str) -> str:
    """Name of a recurrent layer's parameter: ``layers.0.W``."""
    return f"layers.{layer}.{name}"


def start_name(layer: int) -> str:
    """Name of the state that a recurrent layer starts from, where that is learnt."""
    return f"start.{layer}"


def parameter_shapes(config: ModelConfig) -> dict[str, Shape]:
    """Every parameter's name and shape, in the order in which they stand in the flat buffer."""
    spec, H = cell_spec(config.cell), config.hidden_size
    composition = composition_of(spec)
    shapes: dict[str, Shape] = {"embedding": (config.n_rows, config.embedding_size)}
    for layer in range(config.layers):
        width = H if layer else config.embedding_size
        for name, shape in composition.shapes(width, H).items():
            shapes[layer_name(layer, name)] = shape
    if config.learned_state:
        shapes |= {start_name(layer): (spec.states, H) for layer in range(config.layers)}
    if not config.tied_embedding:
        shapes["head.W"] = (config.n_tokens, H)
    shapes["head.b"] = (config.n_tokens,)
    return shapes
