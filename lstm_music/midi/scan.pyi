from lstm_music.midi.limits import Limits
from lstm_music.midi.raw import RawMidi

REPAIRS: tuple[str, ...]
FAULTS: tuple[str, ...]

def read_header(data: bytes) -> tuple[int, int, int, int]: ...
def scan(data: bytes, limits: Limits) -> RawMidi: ...
