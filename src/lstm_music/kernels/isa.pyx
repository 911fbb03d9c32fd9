"""Which instruction-set levels this build has and this machine runs."""

from lstm_music.kernels.c_api cimport LM_N_LEVELS, lm_level_name, lm_level_ready


def level_names():
    """Names of all levels, slowest first; the index of a name is its number."""
    return tuple(lm_level_name(level).decode() for level in range(LM_N_LEVELS))


def level_ready(int level):
    """Whether this build contains the level and this CPU and operating system run it."""
    return bool(lm_level_ready(level))
