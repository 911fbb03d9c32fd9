from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from lstm_music.cells.spec import CellSpec
from lstm_music.types import FloatArray, IntArray, Params

class _Model(Protocol):
    """What a ``LanguageModel`` has; the network floor is above this one."""

    @property
    def params(self) -> Params: ...
    def dense_layers(self) -> list[Params]: ...
    config: Any
    spec: CellSpec
    backend: Any

PRECISIONS: Final[tuple[str, ...]]

class StepWeights:
    n_rows: int
    spec: CellSpec
    precision: str
    def __init__(
        self, model: _Model, level: int | None = None, precision: str = "bfloat16"
    ) -> None: ...

class Stepper:
    weights: StepWeights
    def __init__(self, weights: StepWeights) -> None: ...
    def reset(self) -> None: ...
    def copy_state_py(self, other: Stepper) -> None: ...
    def step_py(self, rows: IntArray) -> FloatArray: ...
    def predict_py(self, wanted: npt.NDArray[np.uint8]) -> FloatArray: ...

def step_together(steppers: Sequence[Stepper], rows: IntArray) -> FloatArray: ...
def check_together(steppers: Sequence[Stepper]) -> None: ...
def check_rows(rows: IntArray, shape: tuple[int, ...], n_rows: int) -> IntArray: ...
