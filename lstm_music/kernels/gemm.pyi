from typing import Final

from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray

SCRATCH_SIZE: Final[int]

def packed_size(level: int, K: int, N: int, itemsize: int) -> int: ...
def pack(
    level: int, pool: ThreadPool, b: FloatArray, transpose: bool, packed: FloatArray
) -> None: ...
def run(
    level: int,
    pool: ThreadPool,
    a: FloatArray,
    transpose: bool,
    packed: FloatArray,
    out: FloatArray,
    bias: FloatArray | None,
    accumulate: bool,
    m0: int,
    m1: int,
    scratch: FloatArray,
) -> None: ...
def peak_flops(level: int, n: int, itemsize: int) -> int: ...
