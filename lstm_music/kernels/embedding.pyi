from lstm_music.types import FloatArray, IntArray

def embed_forward(
    level: int, E: FloatArray, rows: IntArray, X: FloatArray, n0: int, n1: int
) -> None: ...
def embed_backward(
    level: int, dX: FloatArray, rows: IntArray, dE: FloatArray, d0: int, d1: int
) -> None: ...
