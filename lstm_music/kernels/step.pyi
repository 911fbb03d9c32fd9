from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lstm_music.cells.spec import CellSpec
from lstm_music.types import FloatArray, IntArray, Params

class _Model(Protocol):
    """What a ``LanguageModel`` has; the network floor is above this one."""

    @property
    def params(self) -> Params: ...
    config: Any
    spec: CellSpec
    backend: Any

class StepWeights:
    n_rows: int
    spec: CellSpec
    def __init__(self, model: _Model, level: int | None = None) -> None: ...

class Stepper:
    weights: StepWeights
    def __init__(self, weights: StepWeights) -> None: ...
    def reset(self) -> None: ...
    def copy_state_py(self, other: Stepper) -> None: ...
    def step_py(self, rows: IntArray) -> FloatArray: ...
    def predict_py(self, wanted: npt.NDArray[np.uint8]) -> FloatArray: ...
