"""Write docs/cells.md from the cell registry: ``python docs/make_cells.py``."""

import textwrap
from pathlib import Path

from lstm_music.cells.registry import cell_names, cell_options, cell_spec

HEAD = """# Cells

Every cell can be trained (`lstm-music train --cell NAME`) and used by itself
(`lm.cells.make(NAME, ...)`). Options stand behind the name: `NAME:KEY=VALUE,KEY=VALUE`, such as
`lstm:s_h=identity,forget_bias=2`. The model file keeps the name with its options.

In the equations a product with a matrix is written `W x`, every other product is unit by unit;
`(t-1)` marks the step before. A cell's states are handed from step to step; h, the first, is its
output. Each has a readable NumPy reference, C rows for every instruction set, and gradients
checked against finite differences in float64.

| option | what |
|---|---|
| `s_h` | squashes the cell's state on its way out: `tanh` or `identity` (h = o c) |
| `forget_bias` | what the biases of the forget gate start at |
| `f` | of `slstm`: what the forget gate is of the sums under it: `sigmoid` or `exp` |
| `activation` | of `indrnn`: `relu` or `tanh` |
| `zoneout_c`, `zoneout_h` | 0 <= z < 1: how likely a unit of c, of h, is to keep its old value |
| `size` | of `block`: cells a block; hidden_size must be a multiple of it |
| `size` | of `conv-lstm`: places of the map along one axis or two: `88`, `12x8` |
| `kernel` | of `conv-lstm`: taps along each axis, an odd number: `5`, `3x3` |
| `padding` | of `conv-lstm`: outside the map are `zeros`, or, `circular`, its other end |

**Maps.** In `conv-lstm` the inputs and the units are channels of places, channel by channel, so
embedding_size and hidden_size must be multiples of the places: `size=16` makes of 256 units 16
channels. `W * x` is a convolution; `W` has a row for each gate of each channel and a column for
each tap on each channel of x, whatever the size of the map.

**No recurrent matrix.** In `minlstm`, `mingru`, `sru` and `indrnn` a unit sees the inputs and its
own past alone: `U` has no rows. A layer does half of an LSTM's products or fewer, and units meet
only in the layer above, so such cells want two layers or more.

**Zoneout.** Krueger et al. (2016), arXiv:1606.01305, section 3.2: in training each unit of c and of
h keeps its old value with probability z, c and h each by a mask of its own; h is made of the c
that has not been kept. In scoring and generation every unit keeps the mean, z of the old value and
1 - z of the new. The masks hang on the seed, the update, the layer, the step of the chunk and the
unit's place, on nothing else.

**Linear output.** With `s_h=identity`, and in `noaf` and `memory-gated`, nothing bounds h: on long
sequences c grows, h with it, and through U so does the next c. Trained on the 23 pieces of
`midi_data` (two layers of 64, 400,000 tokens, the default learning rate of 0.003) every cell that
was tried with tanh, `niaf`, `nfg` and `memory-gated:s_h=tanh` among them, came to 3.4 to 3.6 nats a
token; with a linear output `lstm` and `noaf` stood at 27, `nfg` at 162, `memory-gated` at 2,900,
and the gradient of `niaf` was no number after 12 updates. A tenth of the learning rate brought
`lstm` and `noaf` to 6.4 and did not save the others. Use a linear output on short sequences.

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
