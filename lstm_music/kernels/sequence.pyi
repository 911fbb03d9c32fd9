from typing import Final

from lstm_music.kernels.pool import ThreadPool
from lstm_music.kernels.zoneout import Zoneout
from lstm_music.types import FloatArray, IntArray

WIDE_ROWS: Final[int]

def has_rows(level: int, rows: str) -> bool: ...
def forward_rows(
    level: int,
    pool: ThreadPool,
    cell: bytes,
    bias: FloatArray,
    X: FloatArray | None,
    packed_W: FloatArray | None,
    table: FloatArray | None,
    tokens: IntArray | None,
    packed_U: FloatArray,
    feeds: IntArray,
    p: FloatArray,
    S: FloatArray,
    K: FloatArray,
    zone: Zoneout | None,
    raw: FloatArray | None,
    wx: FloatArray | None,
    uh: FloatArray | None,
    lengths: IntArray,
    scratch: FloatArray,
) -> None: ...
def backward_rows(
    level: int,
    pool: ThreadPool,
    cell: bytes,
    dY: FloatArray,
    ds: FloatArray,
    S: FloatArray,
    K: FloatArray,
    zone: Zoneout | None,
    raw: FloatArray | None,
    held: FloatArray | None,
    X: FloatArray | None,
    packed_U: FloatArray,
    feeds: IntArray,
    p: FloatArray,
    dwx: FloatArray,
    duh: FloatArray | None,
    dp: FloatArray,
    packed_X: FloatArray | None,
    packed_s: FloatArray,
    lengths: IntArray,
    t0: int,
    t1: int,
    scratch: FloatArray,
) -> None: ...
