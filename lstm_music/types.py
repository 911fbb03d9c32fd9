"""Array aliases and the axis letters used throughout.

T time · B batch · D input width · H hidden · G gates · V vocabulary · L layers.
Upper case in names only for these. Arrays are C-contiguous and time-major.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
"""float32 or float64; one call never mixes them."""

IntArray: TypeAlias = npt.NDArray[np.int32]
"""int32: token ids, stream indices, lengths."""

BoolArray: TypeAlias = npt.NDArray[np.bool_]

NoteArray: TypeAlias = npt.NDArray[np.void]
"""Structured notes, dtype ``lstm_music.music.piece.NOTE_DTYPE``."""

Params: TypeAlias = dict[str, FloatArray]
"""Named, writable parameter arrays; gradients have the same names and shapes."""

MaskKey: TypeAlias = tuple[int, int]
"""(key, stream) of random masks: 0 <= key < 2**64, 0 <= stream < 2**32."""
