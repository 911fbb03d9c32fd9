"""What `-` as a file's name means; within one process."""

import io
import sys
from pathlib import Path

import pytest
from smf_bytes import END, NOTE, smf

from lstm_music.cli import streams
from lstm_music.errors import ConfigError, MidiError, OutputError, OutputExistsError

DASH = Path("-")


class Stream(io.TextIOWrapper):
    """A standard stream over some bytes, which may be a terminal."""

    def __init__(self, data=b"", is_terminal=False):
        super().__init__(io.BytesIO(data))
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


def test_pieces_of_standard_input_are_named_after_it(monkeypatch):
    data = smf(NOTE + END, NOTE + END, NOTE + END, midi_format=2)
    monkeypatch.setattr(sys, "stdin", Stream(data))
    assert [p.source for p in streams.read_all_music(DASH)] == ["-", "-#2", "-#3"]
    monkeypatch.setattr(sys, "stdin", Stream(smf(NOTE + END)))
    assert streams.read_music(DASH).source == "-"


@pytest.mark.parametrize("read", [streams.read_music, streams.read_all_music])
@pytest.mark.parametrize(
    ("stdin", "word"),
    [(None, "closed"), (Stream(is_terminal=True), "terminal"), (b"MThd", "byte 0")],
)
def test_a_standard_input_without_music_is_named(monkeypatch, read, stdin, word):
    monkeypatch.setattr(sys, "stdin", Stream(stdin) if isinstance(stdin, bytes) else stdin)
    with pytest.raises(MidiError) as error:
        read(DASH)
    assert str(error.value).startswith("standard input")
    assert word in str(error.value)


def test_names_of_several_outputs():
    assert streams.output_paths(DASH, 1) == [DASH]
    assert streams.output_paths(Path("a/b.mid"), 2) == [Path("a/b-001.mid"), Path("a/b-002.mid")]
    with pytest.raises(ConfigError, match="2 files"):
        streams.output_paths(DASH, 2)
    assert (streams.file_stem(DASH), streams.file_stem(Path("a/b.mid"))) == ("stdin", "b")


def test_an_output_that_is_there_is_refused_before_the_work(tmp_path):
    path = tmp_path / "x.mid"
    streams.check_output(path, force=False)
    path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        streams.check_output(path, force=False)
    streams.check_output(path, force=True)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize(("stdout", "word"), [(None, "closed"), (Stream(is_terminal=True), "term")])
def test_a_standard_output_that_cannot_take_it_is_refused(monkeypatch, stdout, word):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", stdout)
        with pytest.raises(OutputError, match=word):
            streams.check_output(DASH, force=False)
        with pytest.raises(OutputError, match=word):
            streams.write_output(DASH, b"music", force=False)


def test_what_is_written_is_there_at_once(monkeypatch):
    class Slow(io.BytesIO):
        flushed = b""

        def flush(self):
            self.flushed = self.getvalue()

    raw = Slow()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(raw))
        streams.write_output(DASH, b"music", force=False)
        assert raw.flushed == b"music"


def test_a_report_and_music_do_not_share_standard_output(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Stream())
    streams.check_output(DASH, force=False)
    with pytest.raises(ConfigError, match="--json"):
        streams.check_output(DASH, force=False, as_json=True)


def test_a_stream_that_takes_a_part_is_given_the_rest():
    class Narrow:
        taken = b""

        def write(self, data):
            self.taken += bytes(data[:3])
            return min(len(data), 3)

    raw = Narrow()
    with io.BufferedWriter(streams._StandardOutput(raw)) as buffer:
        buffer.write(b"more than three")
    assert raw.taken == b"more than three"
