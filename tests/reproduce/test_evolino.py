"""The tasks of Evolino; tests/reproduce/test_quick.py runs their quick versions."""

import numpy as np

from lstm_music.reproduce import mackey_glass, sines
from lstm_music.reproduce.task import Settings


def test_the_claim_can_fail(monkeypatch):
    monkeypatch.setattr(sines, "SCALE", 1.0)  # the cells saturate
    (row,) = sines.run(Settings(quick=True, only="5 sines"))
    assert not row.holds


def test_the_sum_of_sines():
    values = sines.series(3)
    assert values.shape == (700, 1)
    assert np.allclose(values[9], np.sin([2.0, 3.11, 4.2]).sum())


def test_the_series_obeys_its_equation():
    fine = mackey_glass.series(300)
    assert fine.shape == (300, 1)
    assert abs(fine.mean()) < 1e-12
    assert 0.2 < fine.std() < 0.26
    assert fine.max() - fine.min() < 1.2  # the attractor lies in 0.2..1.4
