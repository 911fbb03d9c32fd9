"""Members of a population one a call, and several side by side in a call: milliseconds a member.

python benchmarks/population.py
"""

import time

import numpy as np

from lstm_music.backends.registry import get_backend
from lstm_music.cells.registry import cell_spec
from lstm_music.evolution.population import SideBySide
from lstm_music.nn import cell

STEPS, MEMBERS, REPEATS = 400, 16, 5


def milliseconds(H: int, k: int) -> float:
    """Of processor time a member, the best of some runs of the whole population."""
    backend = get_backend("cpu", n_threads=1)
    made = [
        cell.make("lstm", input_size=1, hidden_size=H, dtype="float64", rng_seed=seed)
        for seed in range(MEMBERS)
    ]
    together = SideBySide(cell_spec("lstm"), [one.params for one in made], backend, k)
    x = np.random.default_rng(0).standard_normal((STEPS, 1, 1))
    best = np.inf
    for _ in range(REPEATS):
        started = time.process_time()
        for _, joined in together:
            joined.forward(x)
        best = min(best, time.process_time() - started)
    return 1000 * best / MEMBERS


if __name__ == "__main__":
    print("units  members a call: 1      2      4      8")
    for H in (5, 10, 20, 40):
        print(
            f"{H:5d} " + " ".join(f"{milliseconds(H, k):10.3f}" for k in (1, 2, 4, 8)), flush=True
        )
