"""The cells as a good torch user writes them: one step of each, and the loop over time.

The rival of ``lstm-music bench train --cells`` and the oracle of ``tests/nn/test_torch_cells.py``.
A program takes U (transposed, (H, gates_u·H)) and p apart once and returns its step: a function
of ``wx`` (B, gates_w·H), the sums from the input with their bias, and the state, a tuple of
(B, H), that returns the next state, h first. Equations: ``lstm_music/cells``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from lstm_music.bench import torch_conv
from lstm_music.cells.registry import cell_spec

Tensor: TypeAlias = Any  # torch.Tensor; this file is read where torch is not installed, too
State: TypeAlias = tuple[Tensor, ...]
Step: TypeAlias = Callable[[Tensor, State], State]
Program: TypeAlias = Callable[[Tensor, Tensor], Step]


def _tanh(x: Tensor) -> Tensor:
    return x.tanh()


def _lstm(Ut: Tensor, _: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = wx.addmm(h, Ut).chunk(4, 1)
        c = (f.sigmoid() * c).addcmul(i.sigmoid(), g.tanh())
        return o.sigmoid() * c.tanh(), c

    return step


def _lstm_1997(Ut: Tensor, _: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, g, o = wx.addmm(h, Ut).chunk(3, 1)
        c = c.addcmul(i.sigmoid(), g.tanh())
        return o.sigmoid() * c.tanh(), c

    return step


def _coupled(Ut: Tensor, _: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        h, c = state
        f, g, o = wx.addmm(h, Ut).chunk(3, 1)
        c = g.tanh().lerp(c, f.sigmoid())
        return o.sigmoid() * c.tanh(), c

    return step


def _peephole(Ut: Tensor, p: Tensor) -> Step:
    p_i, p_f, p_o = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = wx.addmm(h, Ut).chunk(4, 1)
        i, f = i.addcmul(p_i, c).sigmoid(), f.addcmul(p_f, c).sigmoid()
        c = (f * c).addcmul(i, g.tanh())
        return o.addcmul(p_o, c).sigmoid() * c.tanh(), c

    return step


def _nig(Ut: Tensor, p: Tensor) -> Step:
    p_f, p_o = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        f, g, o = wx.addmm(h, Ut).chunk(3, 1)
        c = g.tanh().addcmul(f.addcmul(p_f, c).sigmoid(), c)
        return o.addcmul(p_o, c).sigmoid() * c.tanh(), c

    return step


def _nfg(Ut: Tensor, p: Tensor) -> Step:
    p_i, p_o = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, g, o = wx.addmm(h, Ut).chunk(3, 1)
        c = c.addcmul(i.addcmul(p_i, c).sigmoid(), g.tanh())
        return o.addcmul(p_o, c).sigmoid() * c.tanh(), c

    return step


def _nog(Ut: Tensor, p: Tensor) -> Step:
    p_i, p_f = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, f, g = wx.addmm(h, Ut).chunk(3, 1)
        i, f = i.addcmul(p_i, c).sigmoid(), f.addcmul(p_f, c).sigmoid()
        c = (f * c).addcmul(i, g.tanh())
        return c.tanh(), c

    return step


def _niaf(Ut: Tensor, p: Tensor) -> Step:
    p_i, p_f, p_o = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = wx.addmm(h, Ut).chunk(4, 1)
        i, f = i.addcmul(p_i, c).sigmoid(), f.addcmul(p_f, c).sigmoid()
        c = (f * c).addcmul(i, g)
        return o.addcmul(p_o, c).sigmoid() * c.tanh(), c

    return step


def _noaf(Ut: Tensor, p: Tensor) -> Step:
    p_i, p_f, p_o = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = wx.addmm(h, Ut).chunk(4, 1)
        i, f = i.addcmul(p_i, c).sigmoid(), f.addcmul(p_f, c).sigmoid()
        c = (f * c).addcmul(i, g.tanh())
        return o.addcmul(p_o, c).sigmoid() * c, c

    return step


def _cifg(Ut: Tensor, p: Tensor) -> Step:
    p_i, p_o = p

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, g, o = wx.addmm(h, Ut).chunk(3, 1)
        c = c.lerp(g.tanh(), i.addcmul(p_i, c).sigmoid())
        return o.addcmul(p_o, c).sigmoid() * c.tanh(), c

    return step


def _peephole_cell(Ut: Tensor, _: Tensor) -> Step:
    """C in place of h, all gates the old one; the cell's input sees x alone."""

    def step(wx: Tensor, state: State) -> State:
        _, c = state
        i, f, g, o = wx.chunk(4, 1)
        ui, uf, uo = c.mm(Ut).chunk(3, 1)
        c = ((f + uf).sigmoid() * c).addcmul((i + ui).sigmoid(), g.tanh())
        return (o + uo).sigmoid() * c.tanh(), c

    return step


def _fgr(Ut: Tensor, p: Tensor) -> Step:
    """i, f, o of the step before go back through one product of all three beside each other."""
    import torch

    p_i, p_f, p_o = p
    H = Ut.shape[0]
    of_h = Ut[:, : 4 * H]
    of_gates = torch.cat(Ut[:, 4 * H :].chunk(3, 1))

    def step(wx: Tensor, state: State) -> State:
        h, c, *gates = state
        i, f, g, o = wx.addmm(h, of_h).chunk(4, 1)
        ui, uf, uo = torch.cat(gates, 1).mm(of_gates).chunk(3, 1)
        i = (i + ui).addcmul(p_i, c).sigmoid()
        f = (f + uf).addcmul(p_f, c).sigmoid()
        c = (f * c).addcmul(i, g.tanh())
        o = (o + uo).addcmul(p_o, c).sigmoid()
        return o * c.tanh(), c, i, f, o

    return step


def _memory_gated(Ut: Tensor, _: Tensor) -> Step:
    """U sees c; the third part of wx, u, is x mapped into the memory's space."""

    def step(wx: Tensor, state: State) -> State:
        _, c = state
        r, f, u, o = wx.chunk(4, 1)
        ur, uf, uo = c.mm(Ut).chunk(3, 1)
        c = ((f + uf).sigmoid() * c).addcmul((r + ur).sigmoid(), u)
        return (o + uo).sigmoid() * c, c

    return step


def _block(Ut: Tensor, _: Tensor) -> Step:
    """The gates have a row a block, g a row a cell: the block's size follows from U's."""
    H, rows = Ut.shape
    n = (rows - H) // 3
    widths = (n, n, H, n)

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        i, f, g, o = wx.addmm(h, Ut).split(widths, 1)
        i, f, o = (gate.sigmoid().repeat_interleave(H // n, 1) for gate in (i, f, o))
        c = (f * c).addcmul(i, g.tanh())
        return o * c.tanh(), c

    return step


def _layernorm_lstm(Ut: Tensor, p: Tensor, s_h: Callable[[Tensor], Tensor] = _tanh) -> Step:
    from torch.nn.functional import layer_norm

    shape, rows = (Ut.shape[0],), p.unbind()
    gains, shifts = rows[:4], rows[4:8]

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        sums = wx.addmm(h, Ut).chunk(4, 1)
        i, f, g, o = (layer_norm(s, shape, *gs) for s, *gs in zip(sums, gains, shifts))
        c = (f.sigmoid() * c).addcmul(i.sigmoid(), g.tanh())
        return o.sigmoid() * s_h(layer_norm(c, shape, *rows[8:])), c

    return step


def _slstm(Ut: Tensor, _: Tensor, exp: bool = False) -> Step:
    from torch.nn.functional import logsigmoid

    def step(wx: Tensor, state: State) -> State:
        h, c, n, m = state
        i, f, g, o = wx.addmm(h, Ut).chunk(4, 1)
        kept = (f if exp else logsigmoid(f)) + m
        begun = n > 0
        new_m = kept.maximum(i).where(begun, i)
        keep = (kept - new_m).where(begun, -math.inf).exp()
        write = (i - new_m).exp()
        c, n = (keep * c).addcmul(write, g.tanh()), keep * n + write
        return o.sigmoid() * (c / n), c, n, new_m

    return step


def _mi_lstm(Ut: Tensor, p: Tensor) -> Step:
    both, of_u, of_w = p.reshape(3, -1)

    def step(wx: Tensor, state: State) -> State:
        h, c = state
        uh = h.mm(Ut)
        i, f, g, o = (both * wx * uh + of_u * uh).addcmul(of_w, wx).chunk(4, 1)
        c = (f.sigmoid() * c).addcmul(i.sigmoid(), g.tanh())
        return o.sigmoid() * c.tanh(), c

    return step


def _janet(Ut: Tensor, _: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        (h,) = state
        a, g = wx.addmm(h, Ut).chunk(2, 1)
        return ((a.sigmoid() * h).addcmul(1 - (a - 1).sigmoid(), g.tanh()),)

    return step


def _minlstm(_: Tensor, __: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        i, f, g = wx.chunk(3, 1)
        i, f = i.sigmoid(), f.sigmoid()
        return (g.lerp(state[0], f / (f + i)),)

    return step


def _mingru(_: Tensor, __: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        z, n = wx.chunk(2, 1)
        return (state[0].lerp(n, z.sigmoid()),)

    return step


def _sru(_: Tensor, p: Tensor) -> Step:
    p_f, p_r = p

    def step(wx: Tensor, state: State) -> State:
        _, c = state
        f, g, r, s = wx.chunk(4, 1)
        f, r = f.addcmul(p_f, c).sigmoid(), r.addcmul(p_r, c).sigmoid()
        c = g.lerp(c, f)
        return s.lerp(c, r), c

    return step


def _indrnn(_: Tensor, p: Tensor, activation: str = "relu") -> Step:
    def step(wx: Tensor, state: State) -> State:
        sums = wx.addcmul(p[0], state[0])
        return (getattr(sums, activation)(),)

    return step


def _gru(Ut: Tensor, p: Tensor) -> Step:
    H, bias = Ut.shape[0], p[0]
    of_gates, of_n = Ut.split((2 * H, H), 1)

    def step(wx: Tensor, state: State) -> State:
        (h,) = state
        gates, n = wx.split((2 * H, H), 1)
        r, z = gates.addmm(h, of_gates).sigmoid().chunk(2, 1)
        n = n.addcmul(r, bias.addmm(h, of_n)).tanh()
        return (n.lerp(h, z),)

    return step


def _rnn(Ut: Tensor, _: Tensor) -> Step:
    def step(wx: Tensor, state: State) -> State:
        return (wx.addmm(state[0], Ut).tanh(),)

    return step


PROGRAMS: dict[str, Program] = {
    "lstm": _lstm,
    "lstm-1997": _lstm_1997,
    "peephole": _peephole,
    "peephole-cell": _peephole_cell,
    "coupled": _coupled,
    "nig": _nig,
    "nog": _nog,
    "nfg": _nfg,
    "niaf": _niaf,
    "noaf": _noaf,
    "np": _lstm,
    "fgr": _fgr,
    "cifg": _cifg,
    "memory-gated": _memory_gated,
    "block": _block,
    "layernorm-lstm": _layernorm_lstm,
    "layernorm-lstm:s_h=identity": partial(_layernorm_lstm, s_h=lambda x: x),
    "slstm": _slstm,
    "slstm:f=exp": partial(_slstm, exp=True),
    "mi-lstm": _mi_lstm,
    "janet": _janet,
    "minlstm": _minlstm,
    "mingru": _mingru,
    "sru": _sru,
    "indrnn": _indrnn,
    "indrnn:activation=tanh": partial(_indrnn, activation="tanh"),
    "gru": _gru,
    "rnn": _rnn,
}
"""The program of each cell of the registry, and of an option that nothing else checks."""


def has_program(cell: str) -> bool:
    """Whether :func:`run` knows the cell: those here, and ``conv-lstm`` on any map."""
    spec = cell_spec(cell)
    return cell in PROGRAMS or (spec.maps is not None and spec.rows == "peephole")


def run(
    cell: str,
    X: Tensor,
    state: State,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    p: Tensor = None,
    M_in: Tensor = None,
) -> tuple[Tensor, State]:
    """A sequence: X (T, B, D) -> Y (T, B, H) and the last state; the input product is one.

    W, U, b, p are those of the kernels; with ``M_in``, those of a cell that maps its input first.
    """
    import torch

    if maps := cell_spec(cell).maps:
        return torch_conv.run(maps, X, state, W, U, b, p)
    if M_in is not None:
        H = len(M_in)
        (W_rf, W_o), (b_rf, b_o) = W.mm(M_in).split((2 * H, H)), b.split((2 * H, H))
        W, b = torch.cat((W_rf, M_in, W_o)), torch.cat((b_rf, b.new_zeros(H), b_o))
    step, outputs = PROGRAMS[cell](U.t(), p), []
    for wx in torch.nn.functional.linear(X, W, b).unbind():
        state = step(wx, state)
        outputs.append(state[0])
    return torch.stack(outputs), state
