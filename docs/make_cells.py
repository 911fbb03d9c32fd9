"""Write docs/cells.md from the cell registry: ``python docs/make_cells.py``."""

import textwrap
from pathlib import Path

from lstm_music.cells.registry import cell_names, cell_options, cell_spec

HEAD = """# Cells

Every cell can be trained (`lstm-music train --cell NAME`) and used by itself
(`lm.cells.make(NAME, ...)`). Options come after the name: `NAME:KEY=VALUE,KEY=VALUE`, such as
`lstm:s_h=identity,forget_bias=2`. The model file keeps the name with its options.

In the equations `W x` is a product with a matrix; every other product is unit by unit. `(t-1)`
marks the step before. The states of a cell are passed from step to step; h, the first, is its
output. Each cell has a readable NumPy reference, C rows for every instruction set, and gradients
checked against finite differences in float64. The site that `make docs` builds has a page for
each cell, with its equations set, its gates and its number of parameters.

| option | meaning |
|---|---|
| `s_h` | the function applied to the cell's state in the output: `tanh` or `identity` (h = o c) |
| `forget_bias` | the initial bias of the forget gate |
| `f` | of `slstm`: the function of the forget gate: `sigmoid` or `exp` |
| `activation` | of `indrnn`: `relu` or `tanh` |
| `zoneout_c`, `zoneout_h` | 0 <= z < 1: the probability that a unit of c or h keeps its old value |
| `size` | of `block`: cells in a block; hidden_size must be a multiple of it |
| `size` | of `conv-lstm`: places of the map along one or two axes: `88`, `12x8` |
| `kernel` | of `conv-lstm`: taps along each axis, an odd number: `5`, `3x3` |
| `padding` | of `conv-lstm`: what is outside the map: `zeros`, or its other end (`circular`) |

**Maps.** In `conv-lstm` the inputs and the units are channels of places, channel by channel. So
embedding_size and hidden_size must be multiples of the number of places: with `size=16`, 256
units are 16 channels. `W * x` is a convolution. `W` has a row for each gate of each channel and
a column for each tap on each channel of x, for any size of the map.

**No recurrent matrix.** In `minlstm`, `mingru`, `sru` and `indrnn` a unit sees only the inputs
and its own past: `U` has no rows. A layer needs at most half of an LSTM's products. Units are only
combined in the layer above, so use two layers or more.

**Zoneout.** Krueger et al. (2016), arXiv:1606.01305, section 3.2: in training each unit of c and
of h keeps its old value with probability z. c and h have separate masks, and h is computed from
the new c, before the mask. In scoring and generation every unit takes the mean: z times the old
value plus 1 - z times the new. The masks depend only on the seed, the update, the layer, the
step of the chunk and the unit's place.

**Linear output.** With `s_h=identity`, and in `noaf` and `memory-gated`, nothing bounds h. On
long sequences c grows, and h with it, and through U so does the next c. This was tried on the 23
pieces of `midi_data` (two layers of 64, 400,000 tokens, the default learning rate of 0.003).
Every cell that was tried with tanh, including `niaf`, `nfg` and `memory-gated:s_h=tanh`, reached
3.4 to 3.6 nats a token. With a linear output `lstm` and `noaf` ended at 27, `nfg` at 162 and
`memory-gated` at 2,900, and the gradient of `niaf` was not a number after 12 updates. A tenth of
the learning rate brought `lstm` and `noaf` to 6.4 and did not help the others. Use a linear
output only on short sequences.

This page is written by `docs/make_cells.py`; a test holds it to the registry.
"""


def section(name: str) -> str:
    """One cell: equations, states, options, source."""
    spec = cell_spec(name)
    facts = f"States: {' '.join(spec.state_order)}. Options: "
    facts += ", ".join(f"`{option.text()}`" for option in cell_options(name))
    parts = [
        f"## {name}",
        "```\n" + textwrap.dedent(spec.equations).strip() + "\n```",
        facts + ".",
        textwrap.fill(spec.cite, 100, break_on_hyphens=False),
    ]
    return "\n\n".join(parts) + "\n"


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(section, cell_names())])


if __name__ == "__main__":
    Path(__file__).with_name("cells.md").write_text(page(), encoding="utf-8")
