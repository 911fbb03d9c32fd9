"""Files that are opened and saved: broken ones, MusicXML, WAV, dragged out."""

import io
import wave

import numpy as np
import pytest
from music_programs import needs
from paths import MIDI_DATA

import lstm_music as lm

pytest.importorskip("playwright")
pytestmark = needs("chromium")

REEL = MIDI_DATA / "reel.mid"

_DRAG = """(id) => {
    const dataTransfer = new DataTransfer();
    const handle = document.getElementById(id);
    handle.dispatchEvent(new DragEvent("dragstart", { dataTransfer, bubbles: true }));
    return dataTransfer.getData("DownloadURL");
}"""
_TAKE = """(url) => {
    const link = document.createElement("a");
    link.href = url;
    link.download = "dragged.mid";
    link.click();
}"""


def test_a_broken_file_costs_nothing(studio):
    studio.open(REEL)
    for name, data in (("a.mid", b"MThd"), ("b.mid", b""), ("c.txt", b"junk"), ("d.json", b"{}")):
        studio.drop(name, data)
        studio.until("!document.getElementById('alert').hidden")
        assert f"{name} cannot be opened" in studio.alert()
        studio.page.click("#alert-close")
    studio.drop("large.mid", bytes(6_000_001))
    studio.until("document.getElementById('alert').textContent.includes('too large')")
    assert studio.value("lstmStudio.store.session.states.length") == 1
    assert studio.value("lstmStudio.store.current.name") == "reel.mid"
    saved, name = studio.save(lambda: studio.page.click("#save-mid"))
    assert (saved, name) == (REEL.read_bytes(), "reel.mid")  # what was opened, byte for byte


def test_musicxml_in_and_out(studio, tmp_path):
    score = tmp_path / "tune.musicxml"
    piece = lm.read(REEL)
    piece.write(score)
    studio.open(score)
    pitches = sorted(lm.read(score).notes["pitch_midi"].tolist())
    assert sorted(studio.value("lstmStudio.store.piece.notes.map(n => n.pitch)")) == pitches
    saved, name = studio.save(lambda: studio.page.click("#save-mid"))
    assert name == "tune.mid"
    assert sorted(lm.read(saved).notes["pitch_midi"].tolist()) == pitches
    studio.page.click("#menu > summary")
    saved, name = studio.save(lambda: studio.page.click("#save-musicxml"))
    assert name == "tune.musicxml"
    assert sorted(lm.read(saved).notes["pitch_midi"].tolist()) == pitches


def test_wav_sounds_for_as_long_as_the_music(studio):
    studio.open(REEL)
    studio.page.click("#menu > summary")
    saved, name = studio.save(lambda: studio.page.click("#save-wav"))
    assert name == "reel.wav"
    with wave.open(io.BytesIO(saved)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44100)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float) / 32768
    seconds = studio.value("lstmStudio.store.piece.length_seconds")
    assert len(samples) / 2 / 44100 == pytest.approx(seconds + 2, abs=0.01)
    by_second = samples[: int(seconds) * 88200].reshape(int(seconds), -1)
    assert np.sqrt((by_second**2).mean(axis=1)).min() > 0.01  # in the middle and at the end, too
    assert np.abs(samples).max() < 0.9


def dragged_out(studio, handle):
    """What a drag from ``handle`` gives: the file's kind, name and bytes."""
    kind, name, url = studio.page.evaluate(_DRAG, handle).split(":", 2)
    data, _ = studio.save(lambda: studio.page.evaluate(_TAKE, url))
    return kind, name, data


def test_the_result_can_be_dragged_out(studio):
    studio.open(REEL)
    assert dragged_out(studio, "drag") == ("audio/midi", "reel.mid", REEL.read_bytes())


def test_musicxml_and_wav_can_be_dragged_out_of_the_menu(studio):
    studio.open(REEL)
    studio.page.click("#menu > summary")
    assert studio.page.evaluate(_DRAG, "save-wav") == ""  # nothing is written yet
    assert "reel.wav is still being written" in studio.value(
        "document.getElementById('status').textContent"
    )
    for ending in ("musicxml", "wav"):
        studio.page.hover(f"#save-{ending}")
        studio.until(f"({_DRAG})('save-{ending}') !== ''")
    kind, name, score = dragged_out(studio, "save-musicxml")
    assert (kind, name) == ("application/vnd.recordare.musicxml+xml", "reel.musicxml")
    expected = sorted(lm.read(REEL).notes["pitch_midi"].tolist())
    assert sorted(lm.read(score).notes["pitch_midi"].tolist()) == expected
    kind, name, sound = dragged_out(studio, "save-wav")
    assert (kind, name) == ("audio/wav", "reel.wav")
    with wave.open(io.BytesIO(sound)) as file:
        assert np.any(np.frombuffer(file.readframes(file.getnframes()), "<i2"))
