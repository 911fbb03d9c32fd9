from collections.abc import Sequence

class Zoneout:
    def __init__(
        self, level: int, rates: Sequence[float], mask_key: tuple[int, int] | None
    ) -> None: ...
