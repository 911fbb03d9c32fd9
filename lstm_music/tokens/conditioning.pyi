import numpy as np
import numpy.typing as npt

from lstm_music.tokens.given_text import GivenText
from lstm_music.types import IntArray, NoteArray

class Conditioning:
    given: NoteArray
    places: IntArray
    wishes: npt.NDArray[np.uint8]
    wished_onsets: npt.NDArray[np.uint8]
    chords: IntArray
    text: GivenText | None
    def __init__(
        self,
        given: NoteArray,
        places: npt.ArrayLike,
        wishes: npt.ArrayLike | None = None,
        wished_onsets: npt.ArrayLike | None = None,
        chords: npt.ArrayLike | None = None,
        text: GivenText | None = None,
    ) -> None: ...
