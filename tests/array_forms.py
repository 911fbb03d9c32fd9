"""The forms in which one and the same array may come, shared by the tests of arguments."""

import numpy as np


def read_only(array):
    frozen = array.copy()
    frozen.flags.writeable = False
    return frozen


def backwards(array):
    """Negative strides."""
    return array[..., ::-1].copy()[..., ::-1]


def every_other(array):
    """Gaps between the elements."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


SPREAD = {"Fortran order": np.asfortranarray, "negative strides": backwards, "gaps": every_other}
"""The same values, not C-contiguous (where the array has more than one axis, and elements)."""

FORMS = {"read-only": read_only} | SPREAD


def other_floats(array):
    """The same values in float types that are not the array's own."""
    native = array.dtype
    other = np.float32 if native == np.float64 else np.float64
    return [array.astype(kind) for kind in (other, native.newbyteorder(), np.float16, np.int32)]
