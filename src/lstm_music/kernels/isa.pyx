"""Which instruction-set levels this build has and this machine runs."""

from lstm_music.kernels.c_api cimport LM_AMX, LM_BF16, LM_N_LEVELS, lm_level_name, lm_level_ready

BFLOAT16 = LM_BF16
"""Number of the level whose products are in bfloat16; it stands beyond those that have names."""

AMX = LM_AMX
"""Number of the level whose products are in bfloat16, by Intel's AMX."""


def level_name(int level):
    """Name of a level, those of bfloat16 included."""
    return lm_level_name(level).decode()


def level_names():
    """Names of all levels, slowest first; the index of a name is its number."""
    return tuple(lm_level_name(level).decode() for level in range(LM_N_LEVELS))


def level_ready(int level):
    """Whether this build contains the level and this CPU and operating system run it."""
    return bool(lm_level_ready(level))
