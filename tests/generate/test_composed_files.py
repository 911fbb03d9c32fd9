"""What we compose, in real programs: MuseScore engraves every bar, FluidSynth sounds in each."""

import numpy as np
import pytest
from music_programs import (
    muse_score,
    needs,
    needs_soundfont,
    rendered,
    score_of,
    seconds,
    texts,
)
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.cli.main import run

pytestmark = pytest.mark.clients

BARS = 8


@pytest.fixture
def composed(request, tmp_path, monkeypatch):
    """(seed, path of the file that the command line wrote)."""
    monkeypatch.chdir(tmp_path)
    seed = MIDI_DATA / f"{request.param}.mid"
    args = ["--seed", str(seed), "--bars", str(BARS), "--rng-seed", "1", "-o", "out.mid"]
    assert run(["generate", *args]) == 0
    return lm.read(seed), tmp_path / "out.mid"


# Not the drums: played by hand, so MuseScore looks for beats of its own in them.
@needs("mscore3")
@pytest.mark.parametrize("composed", ["chorale", "waltz", "five_four"], indirect=True)
def test_muse_score_engraves_the_seed_and_eight_bars_more(composed, tmp_path):
    seed, path = composed
    score = score_of(path, tmp_path)
    first_part = score.find("part")
    start = seed.bar_lines.bar_end(seed.end_steps - 1)
    n_seed_bars = seed.bar_lines.bar_at(start - 1) + 1
    assert len(first_part.findall("measure")) == n_seed_bars + BARS
    meters = list(zip(texts(first_part, "beats"), texts(first_part, "beat-type")))
    assert [tuple(map(int, m)) for m in meters] == [
        (m.numerator, m.denominator) for m in seed.meters
    ]
    words = [element.text or "" for element in score.iter("words")]
    assert not [word for word in words if "rng_seed" in word]  # no remark on the page
    muse_score(path, tmp_path / "page.png")
    assert next(tmp_path.glob("page*.png")).stat().st_size > 10_000


@needs("fluidsynth")
@needs_soundfont
@pytest.mark.parametrize("composed", ["chorale", "drums"], indirect=True)
def test_fluidsynth_sounds_in_every_new_bar(composed, tmp_path):
    seed, path = composed
    samples, rate = rendered(path, tmp_path / "out.wav")
    start = seed.bar_lines.bar_end(seed.end_steps - 1)
    bar_steps = seed.bar_lines.meter_at(start).bar_steps
    for bar in range(BARS):
        edges = (seconds(seed, start + k * bar_steps) for k in (bar, bar + 1))
        first, last = (int(edge * rate) for edge in edges)
        assert np.sqrt(np.mean(samples[first:last] ** 2)) > 1e-3, f"bar {bar + 1} is silent"
