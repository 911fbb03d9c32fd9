from lstm_music.types import FloatArray, IntArray

def has_rows(level: int, cell: str) -> bool: ...
def forward_rows(
    level: int,
    cell: bytes,
    wx: FloatArray,
    uh: FloatArray | None,
    packed_U: FloatArray,
    p: FloatArray,
    S: FloatArray,
    K: FloatArray,
    lengths: IntArray,
    b0: int,
    b1: int,
    scratch: FloatArray,
) -> None: ...
def backward_rows(
    level: int,
    cell: bytes,
    dY: FloatArray,
    ds: FloatArray,
    S: FloatArray,
    K: FloatArray,
    packed_U: FloatArray,
    p: FloatArray,
    dwx: FloatArray,
    duh: FloatArray | None,
    dp: FloatArray,
    lengths: IntArray,
    b0: int,
    b1: int,
    scratch: FloatArray,
) -> None: ...
