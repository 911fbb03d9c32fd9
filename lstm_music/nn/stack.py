"""The recurrent stack: from the rows of each input to the output of the last layer, and back.

T time, B batch, S streams, D embedding, H hidden. With residual connections, and where the widths
match, layer l gives ``y_l = drop(h_l) + y_(l-1)``; else ``y_l = drop(h_l)``. ``y_(-1)`` is the sum
of the embedding's rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_music.backends.base import Backend, Tape
from lstm_music.backends.workspace import Workspace
from lstm_music.cells.registry import cell_spec
from lstm_music.nn.composition import composition_of
from lstm_music.nn.config import ModelConfig, start_name
from lstm_music.nn.parameters import Parameters
from lstm_music.types import BoolArray, FloatArray, IntArray, Params

State = list[FloatArray]
"""(states, B, H) for each layer, h first."""

_ZONEOUT_STREAM = 1 << 16
"""Of the first layer's masks; those of dropout are the layers themselves."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a forward pass leaves for the backward one; good until the next forward.

    Attributes
    ----------
    layers : W, U, b (p) of each layer as the kernels took them.
    tokens : (T, B, S) rows of the embedding.
    embedded : (T, B, D), or None if the first layer read the tokens themselves.
    outputs : (T, B, H) of each layer.
    tapes : of each layer.
    lengths : (B,)
    dropout_key : of the masks; None: none were drawn.
    part : (first row, rows of the whole batch) whose masks these rows have; None: their own.
    """

    layers: list[Params]
    tokens: IntArray
    embedded: FloatArray | None
    outputs: list[FloatArray]
    tapes: list[Tape]
    lengths: IntArray
    dropout_key: int | None
    part: tuple[int, int] | None

    @property
    def last(self) -> State:
        """Copies of the layers' states after the last step."""
        return [tape.last.copy() for tape in self.tapes]


class Stack:
    """The layers of a model, over its parameters.

    Parameters
    ----------
    config : the model's.
    parameters : the model's; read, never changed.
    backend : what computes.
    space : memory of the passes.
    """

    def __init__(
        self, config: ModelConfig, parameters: Parameters, backend: Backend, space: Workspace
    ) -> None:
        self._config = config
        self._spec = cell_spec(config.cell)
        self._composition = composition_of(self._spec)
        self._parameters = parameters
        self._backend = backend
        self._space = space

    def kernel_layers(self) -> list[Params]:
        """W, U, b (p) of each layer as the kernels take them: for most cells the parameters."""
        return [self._composition.compose(p, self._backend) for p in self._parameters.layers]

    def initial_state(self, B: int) -> State:
        """The state before the first step of B sequences: zeros, or what has been learnt."""
        views = self._parameters.views
        shape, dtype = (self._spec.states, B, self._config.hidden_size), views["embedding"].dtype
        if not self._config.learned_state:
            return [self._backend.xp.zeros(shape, dtype) for _ in range(self._config.layers)]
        starts = (views[start_name(layer)] for layer in range(self._config.layers))
        return [self._backend.xp.repeat(start[:, None], B, axis=1) for start in starts]

    def forward(
        self,
        rows: IntArray,
        state: State,
        lengths: IntArray,
        dropout_key: int | None,
        part: tuple[int, int] | None = None,
    ) -> Pass:
        """Run all layers; the arguments are checked.

        Parameters
        ----------
        rows : (T, B, S) int32.
        state : left as it is.
        lengths : (B,) int32.
        dropout_key : names the masks of dropout and zoneout; None: none are drawn.
        part : (first row, rows of the whole batch) whose masks these rows have; None: their own.
        """
        T, B, _ = rows.shape
        tokens = np.ascontiguousarray(rows)
        run = Pass(
            self.kernel_layers(), tokens, self.embed(tokens), [], [], lengths, dropout_key, part
        )
        X = run.embedded
        for layer, p in enumerate(run.layers):
            weights = (p["W"], p["U"], p["b"], p.get("p"), state[layer], lengths)
            out = self._tape(layer, T, B)
            mask_key = None if dropout_key is None else (dropout_key, _ZONEOUT_STREAM + layer)
            if X is None:
                E = self._parameters.views["embedding"]
                tape = self._backend.token_forward(
                    self._spec, E, tokens, *weights, out=out, mask_key=mask_key
                )
            else:
                tape = self._backend.sequence_forward(
                    self._spec, X, *weights, out=out, mask_key=mask_key
                )
            y = self._take(f"output {layer}", (T, B, self._config.hidden_size))
            y[...] = tape.y
            self._drop(y, layer, dropout_key, part)
            if X is not None and self._config.is_residual(layer):
                y += X
            run.outputs.append(y)
            run.tapes.append(tape)
            X = y
        return run

    def backward(
        self, run: Pass, d_top: FloatArray, starts: BoolArray | None, grads: Parameters
    ) -> None:
        """From the gradient of the last layer's output down to the embedding.

        Parameters
        ----------
        run : of the forward call.
        d_top : (T, B, H) — used up.
        starts : (B,) — which rows began at the initial state; None: none did.
        grads : += .
        """
        dY, E, dE = d_top, self._parameters.views["embedding"], grads.views["embedding"]
        for layer in reversed(range(len(run.layers))):
            p, d = run.layers[layer], self._composition.room(grads.layers[layer])
            X = run.outputs[layer - 1] if layer else run.embedded
            past = self._take("past", dY.shape) if self._config.is_residual(layer) else None
            if past is not None:
                past[...] = dY
            self._drop(dY, layer, run.dropout_key, run.part)
            arguments = (self._spec, dY, None, run.tapes[layer])
            weights = (p["W"], p["U"], p.get("p"))
            if X is None:
                ds0 = self._backend.token_backward(
                    *arguments, E, run.tokens, *weights, d | {"E": dE}, run.lengths
                )
            else:
                dY, ds0 = self._backend.sequence_backward(*arguments, X, *weights, d, run.lengths)
                if past is not None:
                    dY += past
            own = self._parameters.layers[layer]
            self._composition.gather(own, d, grads.layers[layer], self._backend)
            if self._config.learned_state and starts is not None:
                began = self._backend.to_device(np.flatnonzero(starts))
                grads.views[start_name(layer)] += ds0[:, began].sum(axis=1)
        if run.embedded is not None:
            flat = run.tokens.reshape(-1, run.tokens.shape[2])
            self._backend.embed_backward(dY.reshape(len(flat), -1), flat, dE)

    def embed(self, tokens: IntArray) -> FloatArray | None:
        """X (T, B, D) for the first layer, or None: it reads the tokens themselves.

        W then meets every row of the table instead of every place, and a place costs S rows of
        gates: that pays with few rows and few streams. It hangs on the sizes alone. A residual
        connection wants X itself.
        """
        T, B, S = tokens.shape
        R, D = self._parameters.views["embedding"].shape
        if 2 * R <= T * B and 8 * S <= D and not self._config.is_residual(0):
            return None
        X = self._take("input", (T, B, D))
        E = self._parameters.views["embedding"]
        self._backend.embed_forward(E, tokens.reshape(T * B, S), X.reshape(T * B, D))
        return X

    def _drop(
        self, y: FloatArray, layer: int, key: int | None, part: tuple[int, int] | None = None
    ) -> None:
        """Dropout of a layer's output (T, B, H), or of its gradient, in place."""
        rate = self._config.dropout
        if key is None or not rate:
            return
        if self._config.dropout_kind == "step" and part is None:
            self._backend.dropout(y, rate, key, layer)
            return
        T, B, H = y.shape
        first, whole = part or (0, B)
        shape = (T, whole, H) if self._config.dropout_kind == "step" else (whole, H)
        mask = self._take("mask", shape)
        mask[...] = 1
        self._backend.dropout(mask, rate, key, layer)
        y *= mask[..., first : first + B, :]

    def _tape(self, layer: int, T: int, B: int) -> Tape:
        """Memory of a layer's tape, the same step after step."""
        H, spec = self._config.hidden_size, self._spec
        S = self._take(f"S {layer}", (T + 1, spec.states, B, H))
        raw = self._take(f"raw {layer}", (T, spec.states, B, H)) if spec.zoneout else None
        return Tape(S, self._take(f"K {layer}", (T, B, spec.cached * H)), raw)

    def _take(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        return self._space.take(name, shape, self._parameters.flat.dtype)
