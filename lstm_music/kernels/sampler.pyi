from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lstm_music.kernels.history import History
from lstm_music.kernels.step import Stepper
from lstm_music.types import IntArray

def philox_uniform(key: int, sequence: int, index: int) -> float: ...

class Sampler:
    @property
    def history(self) -> History: ...
    @property
    def last_log_prob(self) -> float: ...
    def __init__(
        self,
        V: int,
        *,
        group_of: npt.NDArray[np.uint8] | None = None,
        temperature: float = 1,
        top_k: int = 0,
        top_p: float = 1,
        min_p: float = 0,
        temperature_rhythm: float | None = None,
        temperature_pitch: float | None = None,
        typical_p: float = 1,
        surprise: float = 0,
        repetition_penalty: float = 1,
        repetition_window: int = 16,
        no_repeat_ngram: int = 0,
        rng_seed: int = 0,
        sequence: int = 0,
    ) -> None: ...
    def reset(self) -> None: ...
    def copy_state_from(self, other: Sampler) -> None: ...
    def hear_py(self, tokens: npt.NDArray[np.int32]) -> None: ...
    def draw_py(
        self,
        allowed: npt.NDArray[np.uint8],
        logits: npt.NDArray[np.float32],
        indices: npt.NDArray[np.uint64],
    ) -> npt.NDArray[np.int32]: ...

def continue_tokens(
    steppers: Sequence[Stepper], samplers: Sequence[Sampler], token: int, n: int
) -> IntArray: ...
