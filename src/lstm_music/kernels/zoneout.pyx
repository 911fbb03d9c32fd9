"""Zoneout: units that keep some of their old state (src/c/layers.h has the arithmetic).

Krueger et al. (2016), arXiv:1606.01305, section 3.2. Mirrors lstm_music/reference/zoneout.py.
"""

from lstm_music.kernels.layers_api cimport lm_layers_of


cdef class Zoneout:
    """How much of its old value each unit of each state keeps.

    Parameters
    ----------
    level : number of the instruction-set level.
    rates : one a state, 0 <= rate < 1, at most MOST_STATES.
    mask_key : (key, stream) of the masks of training; None: every unit keeps the rate itself.
    """

    def __init__(self, int level, rates, mask_key):
        if len(rates) > MOST_STATES:
            raise ValueError(f"zoneout knows {MOST_STATES} states, got {len(rates)}")
        self.zones.layers, self.zones.states = lm_layers_of(level), len(rates)
        for i, rate in enumerate(rates):
            self.zones.of_state[i].rate = rate
            self.zones.of_state[i].threshold = min(round(rate * 2**32), 2**32 - 1)
            self.zones.of_state[i].masked = mask_key is not None and rate > 0
            if mask_key is not None:
                self.zones.of_state[i].key, self.zones.of_state[i].stream = mask_key
