"""Each rule holds in every sample, of any seed and task; the report says what can be counted."""

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, most_sounding, onsets_a_bar, random_composer, silent_steps

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.nn.sampling import Sampling

BARS = {"chorale": (3, 4), "reel": (3, 4), "band": (3, 4), "nocturne": (2, 3), "drums": (2, 3)}
SEEDS = {name: lm.read(MIDI_DATA / f"{name}.mid") for name in BARS}
N = 12
ALL = [*BARS, "continued", "new track", "nothing"]
BAR = 96


@pytest.fixture(scope="module")
def composer():
    return random_composer(3, met=PLAIN, scale=1.0)


def takes(composer, where, n=N, **asked):
    if where == "nothing":
        header = {"meter": "4/4", "with_": "piano,drums", "ending": "free", "drafts": 1}
        request = Request(bars=2, n=n, rng_seed=1, **header, **asked)
    elif where == "continued":
        request = Request("generate", SEEDS["chorale"], bars=2, n=n, rng_seed=1, **asked)
    elif where == "new track":
        asked = {"with_": "bass", "bars": (3, 4)} | asked
        request = Request("accompany", SEEDS["reel"], n=n, rng_seed=1, **asked)
    else:
        request = Request("infill", SEEDS[where], bars=BARS[where], n=n, rng_seed=1, **asked)
    return composer.complete(request)


def pitched(take):
    drums = np.array([track.is_drum for track in take.piece.tracks])
    return take.new[~drums[take.new["track"]]]


def places(take, where):
    if where == "nothing":
        return [(track, 0, 2 * BAR) for track in range(len(take.piece.tracks))]
    return list(take.piece.added_places)


def bar_place(take, steps):
    return take.piece.bar_lines.places(steps)[0]


def check_scale(take, where):
    found = set((pitched(take)["pitch_midi"] % 12).tolist())
    assert found <= {2, 4, 5, 7, 9, 11, 0}
    return {"share_inside": 1.0} if len(pitched(take)) else None


def check_range(take, where):
    new = take.new["pitch_midi"]
    assert not len(new) or (new.min() >= 50 and new.max() <= 70)
    return {
        track + 1: [int(mine.min()), int(mine.max())]
        for track in range(len(take.piece.tracks))
        if len(mine := new[take.new["track"] == track])
    }


def check_polyphony(take, where):
    found = {}
    for track in range(len(take.piece.tracks)):
        if (take.new["track"] == track).any():
            found[track + 1] = most_sounding(take.new[take.new["track"] == track])
            assert found[track + 1] <= 2
    return found


def check_shortest(take, where):
    lengths = pitched(take)["duration_steps"].tolist()
    assert min(lengths, default=99) >= 12
    return min(lengths, default=None)


def check_longest(take, where):
    lengths = pitched(take)["duration_steps"].tolist()
    assert max(lengths, default=0) <= 24
    return max(lengths, default=None)


def check_grid(take, where):
    assert not (bar_place(take, take.new["onset_steps"]) % 12).any()
    return {"share_on_grid": 1.0} if len(take.new) else None


def check_velocities(take, where):
    loud = take.new["velocity"].tolist()
    assert not loud or (min(loud) >= 40 and max(loud) <= 60)
    return [min(loud), max(loud)] if loud else None


def counts(take, where):
    return {
        track + 1: onsets_a_bar(take, track, start, end, int(np.diff([start, end])[0] // 2))
        for track, start, end in places(take, where)
    }


def check_fewest(take, where):
    found = {track: min(bars) for track, bars in counts(take, where).items()}
    assert all(fewest >= 3 for fewest in found.values()), found
    return found


def check_most(take, where):
    found = {track: max(bars) for track, bars in counts(take, where).items()}
    assert all(most <= 2 for most in found.values()), found
    return found


def check_rests(take, where):
    notes, found = take.piece.notes, {}
    for track, start, end in places(take, where):
        assert not len(silent_steps(notes[notes["track"] == track], start, end))
        found[track + 1] = 0
    return found


RULES = {
    "scale": ("C major", check_scale),
    "pitch_range": ((50, 70), check_range),
    "max_polyphony": (2, check_polyphony),
    "min_duration": ("1/8", check_shortest),
    "max_duration": ("1/4", check_longest),
    "grid": ("1/8", check_grid),
    "velocity_range": ((40, 60), check_velocities),
    "min_density": (3, check_fewest),
    "max_density": (2, check_most),
    "rests": (False, check_rests),
}


@pytest.mark.parametrize("where", ALL)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_holds_in_every_sample_and_is_reported(composer, name, where):
    value, check = RULES[name]
    for take in takes(composer, where, **{name: value}):
        came_out = check(take, where)
        assert take.report[name]["came_out"] == came_out
        assert take.report[name]["kept"] is (True if came_out is not None else None)


@pytest.mark.parametrize("where", ["chorale", "continued", "band", "nothing"])
def test_on_beats_only_tones_of_the_chord_begin(composer, where):
    for take in takes(composer, where, chords="C"):
        notes = pitched(take)
        on_beat = bar_place(take, notes["onset_steps"]) % 24 == 0
        assert set((notes["pitch_midi"][on_beat] % 12).tolist()) <= {0, 4, 7}
        assert take.report["chords"]["kept"] in (True, None)


@pytest.mark.parametrize("where", ALL)
def test_what_is_playable_is_played_by_two_hands_or_a_drummer(composer, where):
    for take in takes(composer, where, playable=True):
        assert take.report["playable"] == {
            "asked": True,
            "came_out": {"out_of_reach": 0},
            "kept": True,
        }
        for track, one in enumerate(take.piece.tracks):
            mine = take.new[take.new["track"] == track]
            for onset in set(mine["onset_steps"].tolist()):
                keys = mine["pitch_midi"][mine["onset_steps"] == onset].tolist()
                if one.is_drum:
                    feet = sum(key in (35, 36, 44) for key in keys)
                    assert feet <= 2
                    assert len(keys) - feet <= 2


def test_mostly_in_the_scale_is_more_than_by_chance(composer):
    def share(**asked):
        notes = np.concatenate(
            [pitched(take) for take in takes(composer, "chorale", n=20, **asked)]
        )
        return np.isin(notes["pitch_midi"] % 12, [0, 4, 7]).mean()

    free = share()
    assert free + 0.1 < share(scale="C E G", scale_fit="mostly") < 1
    assert share(scale="C E G") == 1


def test_rules_by_track_are_of_their_track(composer):
    ranges = {1: (60, 64), 3: (40, 44)}
    for take in takes(composer, "chorale", pitch_range=ranges):
        for track in range(4):
            mine = take.new["pitch_midi"][take.new["track"] == track].tolist()
            low, high = ranges.get(track + 1, (0, 127))
            assert all(low <= pitch <= high for pitch in mine)


def test_rests_and_a_polyphony_of_one_give_one_line_without_a_hole(composer):
    for take in takes(composer, "new track", rests=False, max_polyphony=1, max_duration="1/4"):
        ends = take.new["onset_steps"] + take.new["duration_steps"]
        assert take.new["onset_steps"][1:].tolist() == ends[:-1].tolist()
        (_, start, end), *_ = take.piece.added_places
        assert (take.new["onset_steps"][0], ends[-1]) == (start, end)


def test_a_temperature_that_is_asked_for_holds_whatever_is_advised_for_rhythm_and_pitch():
    advice = Sampling(0.97, temperature_rhythm=0.9, temperature_pitch=0.8)
    alone = lm.Request(temperature=1.2).sampling(advice)
    assert alone == Sampling(1.2)
    both = lm.Request(temperature=1.2, temperature_pitch=0.5).sampling(advice)
    assert both == Sampling(1.2, temperature_pitch=0.5)
    assert lm.Request(top_p=0.9).sampling(advice) == advice.but(top_p=0.9)


@pytest.mark.parametrize("wish", [1.5, 3, 6])
def test_every_bar_is_within_a_quarter_of_a_wished_density(wish):
    """Or where no whole number is, at one of the two beside it."""
    low, high = (1, 2) if wish == 1.5 else (np.ceil(0.75 * wish), np.floor(1.25 * wish))
    reel = lm.read(MIDI_DATA / "reel.mid")
    out = random_composer(2, met=PLAIN).generate(reel, bars=6, rng_seed=1, density=wish)
    new = out.notes[out.notes["onset_steps"] >= out.added_places[0][1]]
    counts = np.unique(out.bar_lines.bars_at(np.unique(new["onset_steps"])), return_counts=True)[1]
    assert low <= counts.min()
    assert counts.max() <= high
