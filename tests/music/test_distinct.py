"""Distinct values beside NumPy's."""

import numpy as np
import pytest

from lstm_music.music.distinct import distinct, is_among


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_they_are_numpys(n, dtype):
    rng = np.random.default_rng(n)
    values, others = (rng.integers(0, 60, size, dtype) for size in (n, 20))
    found = distinct(values)
    assert found.dtype == dtype
    assert found.tolist() == np.unique(values).tolist()
    for a, b in ((values, others), (others, values)):
        assert is_among(a, b).tolist() == np.isin(a, b).tolist()
