"""All parameters of a model in one flat buffer, with a named view on each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lstm_music.cells.registry import cell_spec
from lstm_music.nn.cell import init_params
from lstm_music.nn.config import ModelConfig, layer_name, parameter_shapes
from lstm_music.types import FloatArray, Params

TOKEN_DEVIATION = 2.0
"""Of the rows of the tokens at the start: the token counts for more than any stream beside it.

After 0.6 million tokens of fiddle tunes a new LSTM stands at 1.198 nats a token with
1/sqrt(n_streams), as the streams have it, and at 0.986 with 2 (docs/training.md).
"""


@dataclass(frozen=True, slots=True)
class Parameters:
    """One buffer, seen whole and by name; parameters and their gradients are each one.

    Attributes
    ----------
    flat : (n,) — everything, for the optimiser and for checkpoints.
    views : name -> view on ``flat``: ``embedding`` (R,D), ``layers.0.W`` ``.U`` ``.b`` (``.p``, or
        what the cell has instead), ..., ``start.0`` (states,H), ... where the initial state is
        learnt, ``head.W`` (V,H), ``head.b`` (V,). Write into them freely. With a tied embedding
        ``head.W`` is its first V rows, and so no parameter of its own.
    layers : the same views by layer: ``W``, ``U``, ``b`` ...
    """

    flat: FloatArray
    views: Params
    layers: tuple[Params, ...]


def weight_slices(config: ModelConfig) -> list[slice]:
    """Where the weights that multiply something lie in the flat buffer.

    They are what an L2 penalty is for: the embedding and every matrix. Biases, row parameters
    (peepholes, gains) and initial states only shift or scale a unit, and the forget gate's bias
    starts at 1 for a reason: Goodfellow, Bengio & Courville (2016), "Deep learning", section 7.1.
    """
    slices, start = [], 0
    for name, shape in parameter_shapes(config).items():
        stop = start + math.prod(shape)
        matrix = not name.endswith((".b", ".p")) and not name.startswith("start.")
        if matrix and stop > start:  # a cell without a recurrent matrix has U (0, H)
            slices.append(slice(start, stop))
        start = stop
    return slices


def zero_parameters(config: ModelConfig, dtype: np.dtype[np.floating]) -> Parameters:
    """A buffer of zeros."""
    return parameters_over(config, np.zeros(parameter_count(config), dtype))


def parameter_count(config: ModelConfig) -> int:
    """How many numbers the parameters are."""
    return sum(map(math.prod, parameter_shapes(config).values()))


def parameters_over(config: ModelConfig, flat: FloatArray) -> Parameters:
    """The views of a flat buffer, which may lie on any device."""
    views: Params = {}
    start = 0
    for name, shape in parameter_shapes(config).items():
        stop = start + math.prod(shape)
        views[name] = flat[start:stop].reshape(shape)
        start = stop
    if config.tied_embedding:
        views["head.W"] = views["embedding"][: config.n_tokens]
    layers = tuple(
        {name.removeprefix(prefix): view for name, view in views.items() if name.startswith(prefix)}
        for prefix in (layer_name(layer, "") for layer in range(config.layers))
    )
    return Parameters(flat, views, layers)


def parameters_from(config: ModelConfig, flat: FloatArray) -> Parameters:
    """A copy of a flat buffer, with its views."""
    parameters = zero_parameters(config, flat.dtype)
    parameters.flat[...] = flat
    return parameters


def initial_parameters(
    config: ModelConfig, dtype: np.dtype[np.floating], rng_seed: int
) -> Parameters:
    """Random parameters; the same seed gives the same ones everywhere.

    The rows of the embedding are normal with standard deviation 1/sqrt(n_streams), so that
    their sum has deviation 1, but those of the tokens with `TOKEN_DEVIATION`; recurrent layers as
    in ``lstm_music.nn.cell.init_params``; the output weights, unless they are rows of the
    embedding, uniform in ±1/sqrt(H), their bias 0. A learnt initial state begins at 0.
    """
    rng = np.random.default_rng(rng_seed)
    parameters = zero_parameters(config, dtype)
    views = parameters.views
    rows = rng.normal(0, config.n_streams**-0.5, views["embedding"].shape)
    if not config.tied_embedding:
        rows[: config.n_tokens] *= TOKEN_DEVIATION * config.n_streams**0.5
    views["embedding"][...] = rows.astype(dtype)
    spec, width = cell_spec(config.cell), config.embedding_size
    for params in parameters.layers:
        fresh = init_params(spec, width, config.hidden_size, dtype, rng)
        width = config.hidden_size
        for name, value in fresh.items():
            params[name][...] = value
    if config.tied_embedding:
        return parameters
    bound = config.hidden_size**-0.5
    views["head.W"][...] = rng.uniform(-bound, bound, views["head.W"].shape).astype(dtype)
    return parameters
