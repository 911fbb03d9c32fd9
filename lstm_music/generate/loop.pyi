from typing import Final

import numpy as np
import numpy.typing as npt

from lstm_music.generate.echo import Echo
from lstm_music.generate.given import Given
from lstm_music.generate.leans import Leans
from lstm_music.generate.rules import Rules
from lstm_music.generate.voice_leading import VoiceLeading
from lstm_music.kernels.step import Stepper
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.conditioning import Conditioning

MOST_AT_ONCE: Final[int]
NEVER: Final[int]
GROUPS: Final[npt.NDArray[np.uint8]]

class Generator:
    @property
    def has_ended(self) -> bool: ...
    def __init__(
        self,
        automaton: Automaton,
        stepper: Stepper,
        forbidden: npt.NDArray[np.uint8],
        sampling: Sampling,
        rng_seed: int,
        sequence: int,
        capacity: int,
    ) -> None: ...
    @property
    def tokens(self) -> npt.NDArray[np.int32]: ...
    @property
    def score(self) -> Automaton: ...
    @property
    def capacity(self) -> int: ...
    def set_total_bars(self, total_bars: int) -> None: ...
    def copy_state_from(self, other: Generator) -> None: ...
    def force(self, tokens: npt.NDArray[np.int32]) -> None: ...
    def advance_given(self, until_steps: int) -> None: ...
    def sample(self, allowed: npt.NDArray[np.uint8]) -> int: ...
    @property
    def log_prob(self) -> float: ...
    @property
    def given_log_prob(self) -> float: ...
    weigh: bool
    def set_conditioning(self, conditioning: Conditioning | None) -> None: ...
    def set_task(
        self,
        given: Given,
        rules: Rules,
        bar_steps: int,
        leans: Leans | None = None,
        voices: VoiceLeading | None = None,
        goes_on: bool = False,
    ) -> None: ...
    def set_echo(self, echo: Echo | None) -> None: ...
    def change(
        self,
        sampling: Sampling,
        rules: Rules,
        leans: Leans | None = None,
        voices: VoiceLeading | None = None,
    ) -> None: ...
    def set_pause(self, onset_steps: int) -> None: ...
    def set_edge(self, onset_steps: int) -> None: ...
    def run(self, max_notes: int = -1) -> bool: ...
