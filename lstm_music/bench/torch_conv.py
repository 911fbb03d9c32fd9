"""The convolutional cell as a good torch user writes it; see ``torch_cells.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from lstm_music.cells.maps import MapShape

Tensor: TypeAlias = Any  # torch.Tensor
State: TypeAlias = tuple[Tensor, ...]


def run(
    maps: MapShape, X: Tensor, state: State, W: Tensor, U: Tensor, b: Tensor, p: Tensor
) -> tuple[Tensor, State]:
    """A sequence: X (T, B, D) -> Y (T, B, H) and the last state; the input product is one."""
    import torch

    T, B, _ = X.shape
    h, c = (s.reshape(B, -1, *maps.size) for s in state)
    convolve, outputs = _convolution(maps), []
    W, U = (m.reshape(len(m), -1, *maps.kernel) for m in (W, U))
    p_i, p_f, p_o = p.reshape(3, -1, *maps.size)
    wx = convolve(X.reshape(T * B, -1, *maps.size), W, b)
    for x in wx.reshape(T, B, *wx.shape[1:]).unbind():
        i, f, g, o = (x + convolve(h, U, None)).chunk(4, 1)
        i, f = i.addcmul(p_i, c).sigmoid(), f.addcmul(p_f, c).sigmoid()
        c = (f * c).addcmul(i, g.tanh())
        h = o.addcmul(p_o, c).sigmoid() * c.tanh()
        outputs.append(h.flatten(1))
    return torch.stack(outputs), (outputs[-1], c.flatten(1))


def _convolution(maps: MapShape) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """(x (n, C_in, *size), kernel (C_out, C_in, *kernel), bias or None) -> (n, C_out, *size)."""
    from torch.nn.functional import conv1d, conv2d, pad

    conv = conv1d if len(maps.size) == 1 else conv2d
    edge = [k // 2 for k in maps.kernel]
    if maps.padding == "zeros":
        return lambda x, kernel, bias: conv(x, kernel, bias, padding=edge)
    both_ends = [e for e in reversed(edge) for _ in range(2)]
    return lambda x, kernel, bias: conv(pad(x, both_ends, maps.padding), kernel, bias)
