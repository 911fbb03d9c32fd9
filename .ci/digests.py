"""What the kernels and the bundled model compute, as short hashes: to compare builds and machines.

Every cell forward and backward in both precisions, then notes and nats of the bundled model.
docs/adr/0011-what-may-differ-between-machines.md says which of them must agree.
"""

import hashlib

import numpy as np

import lstm_music as lm


def digest(*arrays):
    """The same for the same bits in the same order."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()


def cells():
    for name in lm.cells.names():
        if name == "conv-lstm":  # takes maps; its products are those of the others
            continue
        for dtype in ("float32", "float64"):
            cell = lm.cells.make(name, input_size=9, hidden_size=24, dtype=dtype, rng_seed=3)
            x = np.random.default_rng(0).standard_normal((6, 5, 9)).astype(dtype)
            y, state, tape = cell.forward(x)
            dx, dstate, grads = cell.backward(np.ones_like(y), tape)
            grads = [grads[key] for key in sorted(grads)]
            print(name, dtype, digest(y, state, dx, dstate, *grads)[:16])


def music():
    model = lm.load()
    for name in ("chorale", "jig", "drums"):
        piece = lm.read(f"midi_data/{name}.mid")
        notes = model.generate(seed=piece, bars=8, rng_seed=1).notes
        print(name, len(notes), digest(notes)[:16], repr(model.log_prob(piece).nats_per_token))
    notes = model.generate(bars=8, key="D minor", meter="6/8", rng_seed=2).notes
    print("from nothing", len(notes), digest(notes)[:16])


cells()
music()
