from lstm_music.midi.limits import Limits
from lstm_music.midi.raw import RawMidi

def scan(data: bytes, limits: Limits) -> RawMidi: ...
