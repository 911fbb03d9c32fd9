"""Models that are asked for tracks of a kind that they have never met."""

import pytest
from paths import MIDI_DATA

import lstm_music as lm


@pytest.mark.parametrize("model", ["folk", "drums", "chorale"])
@pytest.mark.parametrize("track", ["bass", "drums", "melody"])
def test_a_fill_of_any_track_is_possible(model, track):
    band = lm.read(MIDI_DATA / "band.mid")
    out = lm.load(model).infill(band, bars=(5, 8), tracks=track, rng_seed=5)
    ((number, start, end),) = out.added_places
    inside = (out.notes["onset_steps"] >= start) & (out.notes["onset_steps"] < end)
    assert (inside & (out.notes["track"] == number)).sum() >= 4
