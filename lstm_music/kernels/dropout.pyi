from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray

def dropout(
    level: int,
    pool: ThreadPool,
    x: FloatArray,
    key: int,
    stream: int,
    threshold: int,
    scale: float,
) -> None: ...
