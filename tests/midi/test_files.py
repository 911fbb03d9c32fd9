"""One entrance for every format: content first, then the ending."""

import pytest

from lstm_music.errors import MidiError
from lstm_music.midi.files import read
from lstm_music.midi.foreign import read_abc
from lstm_music.midi.write import to_midi_bytes

ABC = "X:1\nM:2/4\nL:1/4\nK:C\nCE|GE|FD|C2|\n"


def test_midi_by_content_and_by_name(tmp_path):
    data = to_midi_bytes(read_abc(ABC))
    for name in ("tune.mid", "tune.MIDI", "tune.bin", "tune.xml"):
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name).notes["pitch_midi"].tolist() == [60, 64, 67, 64, 65, 62, 60]


def test_a_score_by_its_ending(tmp_path):
    (tmp_path / "tune.abc").write_text(ABC)
    assert len(read(str(tmp_path / "tune.abc")).notes) == 7


@pytest.mark.parametrize("name", ["photo.mid", "photo.jpeg", "none.mid", "none.xml", "empty.mid"])
def test_errors_are_ours(tmp_path, name):
    if name.startswith("photo"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    elif name.startswith("empty"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(MidiError) as caught:
        read(tmp_path / name)
    assert name in str(caught.value)
