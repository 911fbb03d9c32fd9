import numpy.typing as npt

from lstm_music.tokens.conditioning import Conditioning
from lstm_music.types import BoolArray, IntArray

def annotate(
    tokens: npt.ArrayLike, total_bars: int = 0, conditioning: Conditioning | None = None
) -> IntArray: ...
def annotate_choices(
    tokens: npt.ArrayLike, total_bars: int = 0, conditioning: Conditioning | None = None
) -> tuple[IntArray, BoolArray]: ...
