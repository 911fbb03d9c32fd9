from typing import final

@final
class Repeats:
    def __new__(cls, capacity: int) -> Repeats: ...
