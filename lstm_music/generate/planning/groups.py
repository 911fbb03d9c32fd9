"""Which tokens say when a note comes, and which say what it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstm_music.nn.sampling import PITCH, RHYTHM
from lstm_music.tokens.vocabulary import Vocabulary

_KINDS = {RHYTHM: ("long", "shift", "duration", "timing"), PITCH: ("pitch", "drum")}


def token_groups(vocabulary: Vocabulary) -> npt.NDArray[np.uint8]:
    """(V,) RHYTHM, PITCH or OTHER for each token, as `Sampling.sampler` wants them.

    OTHER are the header, the track, dynamics, the pedal, changes of meter and tempo, the end.
    """
    groups = np.zeros(vocabulary.n_tokens, np.uint8)
    for group, kinds in _KINDS.items():
        for kind in kinds:
            groups[vocabulary[kind]] = group
    return groups
