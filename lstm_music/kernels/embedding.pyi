from lstm_music.kernels.pool import ThreadPool
from lstm_music.types import FloatArray, IntArray

def embed_forward(
    level: int, pool: ThreadPool, E: FloatArray, rows: IntArray, X: FloatArray
) -> None: ...
def embed_backward(
    level: int, pool: ThreadPool, dX: FloatArray, rows: IntArray, dE: FloatArray
) -> None: ...
