"""WAV files: FluidSynth plays them, and what is missing is told before the work."""

import io
import os
import sys
import wave

import numpy as np
import pytest
from music_programs import needs, needs_soundfont, seconds
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.errors import OutputError
from lstm_music.midi.export import sound
from lstm_music.midi.export.formats import check_format, to_bytes

WALTZ = MIDI_DATA / "waltz.mid"


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program of ours in the place of FluidSynth, with a sound font that it never reads."""
    if sys.platform == "win32":
        pytest.skip("a script is no program there")

    def make(code):
        path = tmp_path / "fluidsynth"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{code}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        font = tmp_path / "font.sf2"
        font.write_bytes(b"")
        monkeypatch.setenv(sound.SOUND_FONT_VARIABLE, str(font))

    return make


@pytest.mark.clients
@needs("fluidsynth")
@needs_soundfont
@pytest.mark.parametrize("name", ["waltz", "tempo_change", "drums"])
def test_it_sounds_for_as_long_as_the_piece(name, capfd):
    piece = lm.read(MIDI_DATA / f"{name}.mid")
    data = to_bytes(piece, ".wav")
    with wave.open(io.BytesIO(data)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 2**15
    assert (rate, file.getsampwidth(), file.getnchannels()) == (sound.SAMPLE_RATE_HZ, 2, 2)
    assert np.sqrt(np.mean(samples**2)) > 0.001
    assert seconds(piece) <= len(samples) / rate < seconds(piece) + 8
    assert capfd.readouterr() == ("", "")


def test_without_the_program_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="fluidsynth, which is not installed; install both"):
        check_format(".WAV")


def test_without_a_sound_font_it_says_what_to_install(program, monkeypatch, tmp_path):
    program("")
    monkeypatch.delenv(sound.SOUND_FONT_VARIABLE)
    monkeypatch.setattr(sound, "_FOLDERS", (str(tmp_path / "none"),))
    with pytest.raises(OutputError, match="needs a sound font"):
        check_format(".wav")
    folder = tmp_path / "fonts"
    folder.mkdir()
    for name in ("b.SF3", "a.txt", "c.sf2"):
        (folder / name).write_bytes(b"")
    monkeypatch.setattr(sound, "_FOLDERS", (str(tmp_path / "none"), str(folder)))
    assert sound.sound_font().name == "b.SF3"


def test_a_sound_font_that_is_not_there_is_named(program, monkeypatch):
    program("")
    monkeypatch.setenv(sound.SOUND_FONT_VARIABLE, "no-such.sf2")
    with pytest.raises(OutputError, match=r"LSTM_MUSIC_SOUNDFONT names no-such\.sf2"):
        check_format(".wav")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('ours', flush=True); sys.exit('bad font')", "bad font"),
        ("sys.exit(3)", "exit code 3"),
        ("", "it wrote nothing"),
        ("time.sleep(60)", "more than"),
    ],
)
def test_a_failure_is_told_and_nothing_printed(code, words, program, monkeypatch, capfd):
    program(code)
    monkeypatch.setattr(sound, "MAX_SECONDS", 5)
    with pytest.raises(OutputError, match=words):
        to_bytes(lm.read(WALTZ), ".wav")
    assert capfd.readouterr() == ("", "")


def test_it_gets_names_as_they_are(program, tmp_path, monkeypatch):
    program("open(sys.argv[sys.argv.index('-F') + 1], 'w').write(repr(sys.argv[-2:]))")
    font = tmp_path / "a b; $(touch x).sf2"
    font.write_bytes(b"")
    monkeypatch.setenv(sound.SOUND_FONT_VARIABLE, str(font))
    told = to_bytes(lm.read(WALTZ), ".wav").decode()
    assert repr(os.fspath(font)) in told
    assert "piece.mid" in told
