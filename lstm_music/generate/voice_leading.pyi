import numpy.typing as npt

class VoiceLeading:
    def __init__(self, has_parts: npt.ArrayLike, above: npt.ArrayLike) -> None: ...
