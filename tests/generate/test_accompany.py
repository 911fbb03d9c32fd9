"""New tracks beside what is there."""

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import EVERYTHING, random_composer

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.planning.plan import accompaniment
from lstm_music.music.bars import onsets_in_bars

COMPOSER = random_composer(2, met=EVERYTHING)


@pytest.mark.parametrize("name", ["chorale", "reel", "band", "drums", "meter_change"])
def test_what_is_there_stands_and_new_tracks_sound(name):
    seed = lm.read(MIDI_DATA / f"{name}.mid")
    out = COMPOSER.accompany(seed, ["drums", "bass"], bars=(1, 4), rng_seed=1)
    n = len(seed.tracks)
    assert out.tracks[:n] == seed.tracks
    assert [track.is_drum for track in out.tracks[n:]] == [True, False]
    old = out.notes["track"] < n
    assert out.notes[old].tolist() == seed.notes.tolist()
    assert set(out.notes["track"][~old].tolist()) == {n, n + 1}
    assert out.pedal.tolist() == seed.pedal.tolist()
    start, end = seed.bar_lines.bar_start(0), out.added_places[0][2]
    new = out.notes[~old]
    assert new["onset_steps"].min() >= start
    assert (new["onset_steps"] + new["duration_steps"]).max() <= end


def test_no_new_track_is_silent_for_more_than_two_bars():
    seed = lm.read(MIDI_DATA / "reel.mid")
    bar = seed.meters[0].bar_steps
    for rng_seed in range(6):
        out = COMPOSER.accompany(seed, "bass", bars=(1, 8), rng_seed=rng_seed)
        new = out.notes[out.notes["track"] == 1]
        now = 0
        for note in new:
            assert note["onset_steps"] <= now + 2 * bar
            now = max(now, int(note["onset_steps"] + note["duration_steps"]))


def test_from_nothing_instruments_that_are_asked_for_keep_their_numbers():
    """Even where one stays silent, rules by track are of the track that was meant."""
    asked = {"with_": "piano,violin,bass", "bars": 1, "drafts": 1, "ending": "free"}
    for rng_seed in range(10):
        out = COMPOSER.generate(rng_seed=rng_seed, pitch_range={3: (40, 50)}, **asked)
        assert [track.program for track in out.tracks] == [0, 40, out.tracks[2].program]
        low = out.notes["pitch_midi"][out.notes["track"] == 2].tolist()
        assert all(40 <= pitch <= 50 for pitch in low)


@pytest.mark.parametrize("name", ["drums", "drums_6_8"])
def test_a_bass_beside_played_drums_is_one_of_a_band(name):
    """The network is told of a band, hears the drums as a score, and keeps to their grid."""
    seed = lm.read(MIDI_DATA / f"{name}.mid")
    request = Request("accompany", seed, with_="bass", bars=(1, 8), rng_seed=1)
    (take,) = lm.load().complete(request)
    out = take.piece
    assert take.report["in_character"]["kept"]
    assert rows_of(out, 0) == rows_of(seed, 0)
    bass = out.notes[out.notes["track"] == len(seed.tracks)]
    bars = out.bar_lines.bars_at(bass["onset_steps"])
    a_bar = np.unique(bars, return_counts=True)[1]
    assert np.median(a_bar) <= 8
    assert bass["duration_steps"].mean() >= 6
    late = bass["onset_steps"] - onsets_in_bars(out)[out.notes["track"] == len(seed.tracks)]
    assert np.abs(late).max() <= 4


def test_other_music_keeps_its_style_beside_new_tracks():
    for name, style in (("drums", "band"), ("reel", "folk"), ("chorale", "chorale")):
        seed = lm.read(MIDI_DATA / f"{name}.mid").replace(style="" if name == "drums" else style)
        assert accompaniment(seed, [(32, "Bass")], (1, 2)).given.style == style
    drums = lm.read(MIDI_DATA / "drums.mid")
    assert accompaniment(drums, [(128, "Drums")], (1, 2)).given.style == drums.style


def rows_of(piece, track):
    return piece.notes[piece.notes["track"] == track].tolist()
