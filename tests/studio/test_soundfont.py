"""A SoundFont of the user: dropped, heard, written as WAV, kept over a reload, removed."""

import io
import itertools
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from music_programs import needs
from paths import MIDI_DATA

pytest.importorskip("playwright")
pytestmark = needs("chromium")

REEL = MIDI_DATA / "reel.mid"
RATE = 44100
FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
"""Debian's timgm6mb-soundfont, which .ci/run installs."""
PACKED = Path("/usr/share/sounds/sf3/MuseScore_General_Lite.sf3")
"""Debian's musescore-general-soundfont-small, which comes with MuseScore; packed as Vorbis."""

needs_font = pytest.mark.skipif(not FONT.is_file(), reason="needs timgm6mb-soundfont")
needs_packed = pytest.mark.skipif(
    not PACKED.is_file(), reason="needs musescore-general-soundfont-small"
)


def choose(studio, path):
    """Choose a SoundFont, as behind the button of the menu."""
    studio.page.set_input_files("#font-file", path)


def use(studio, path):
    """Choose one, and wait until the page plays with it."""
    choose(studio, path)
    wait_for(studio, path)


def wait_for(studio, path):
    status = "document.getElementById('status').textContent"
    studio.until(f"{status}.endsWith('plays with {path.name}')")


def open_menu(studio):
    studio.value("document.getElementById('menu').open = true")


def samples_of(data):
    """Both sides of a WAV file in one."""
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, RATE)
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return raw.reshape(-1, 2).mean(axis=1) / 32768


def wav(studio):
    open_menu(studio)
    return samples_of(studio.save(lambda: studio.page.click("#save-wav"))[0])


def loudness(samples):
    return float(np.sqrt((samples**2).mean()))


def colour(samples):
    """How loud 48 bands from 100 Hz to 10 kHz are on average, in decibels less their mean."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    edges = np.geomspace(100, 10_000, 49)
    bands = [power[(hertz >= a) & (hertz < b)].mean() for a, b in itertools.pairwise(edges)]
    return 10 * np.log10(bands) - np.mean(10 * np.log10(bands))


def distance(one, other):
    """Of two colours, in decibels."""
    return float(np.sqrt(((colour(one) - colour(other)) ** 2).mean()))


def by_fluidsynth(folder):
    out = folder / "judge.wav"
    command = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-O", "s16", "-T", "wav", "-F", out]
    subprocess.run([*command, FONT, REEL], check=True, capture_output=True, timeout=120)
    return samples_of(out.read_bytes())


@needs_font
@needs("fluidsynth")
def test_it_sounds_as_in_fluidsynth_and_not_as_the_page(studio, tmp_path):
    studio.open(REEL)
    own = wav(studio)
    studio.drop(FONT.name, FONT.read_bytes())
    wait_for(studio, FONT)
    studio.page.click("#play")
    studio.until("lstmStudio.player.level() > 0.01")
    studio.page.click("#play")
    studio.until("lstmStudio.player.level() < 0.001")  # silence, at once
    theirs = wav(studio)
    assert len(theirs) == len(own)
    assert loudness(theirs) > 0.01
    judge = by_fluidsynth(tmp_path)
    assert distance(theirs, judge) < distance(own, judge) / 3


@needs_font
def test_it_is_kept_over_a_reload_until_it_is_removed(studio):
    studio.open(REEL)
    use(studio, FONT)
    theirs = wav(studio)
    studio.value("lstmStudio.sessions.save()")
    studio.page.reload()
    studio.wait_ready()
    assert studio.page.input_value("#port") == "font"
    assert np.array_equal(wav(studio), theirs)
    open_menu(studio)
    assert studio.page.inner_text("#remove-font") == "Remove TimGM6mb.sf2"
    studio.page.click("#remove-font")
    studio.until("document.getElementById('status').textContent.includes('is removed')")
    assert studio.page.input_value("#port") == "synth"
    own = wav(studio)
    assert distance(own, theirs) > 3
    studio.page.reload()
    studio.wait_ready()
    assert studio.page.locator("#port [value=font]").count() == 0
    open_menu(studio)
    assert studio.page.is_hidden("#remove-font")


@needs_font
def test_the_page_has_its_own_sounds_beside_it(studio):
    studio.open(REEL)
    own = wav(studio)
    use(studio, FONT)
    open_menu(studio)
    studio.page.select_option("#port", "synth")
    assert distance(wav(studio), own) < 1
    open_menu(studio)
    studio.page.select_option("#port", "font")
    assert distance(wav(studio), own) > 3


@needs_packed
def test_a_packed_one(studio):
    studio.open(REEL)
    use(studio, PACKED)
    assert loudness(wav(studio)) > 0.01
    studio.page.click("#play")
    studio.until("lstmStudio.player.level() > 0.01")


@needs_font
def test_a_broken_one_costs_nothing(studio, tmp_path):
    studio.open(REEL)
    use(studio, FONT)
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(FONT.read_bytes()[:4000])
    choose(studio, broken)
    studio.until("!document.getElementById('alert').hidden")
    assert studio.alert().startswith("broken.sf2 cannot be used: ")
    assert studio.page.input_value("#port") == "font"
    assert loudness(wav(studio)) > 0.01
