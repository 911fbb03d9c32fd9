"""Playing with the composer, without ports: who plays when, by whose clock, and what is heard."""

import random
from itertools import pairwise

import pytest
from live_playing import SCALE, Played, clock_ticks, hanging, melody
from paths import MIDI_DATA
from small_composers import EVERYTHING, PLAIN, random_composer

import lstm_music as lm
from lstm_music.live.dials import Dials
from lstm_music.live.events import Timed, control_change, note_on
from lstm_music.live.settings import Settings
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Track

FOLLOWERS = (Track(33), Track(0, is_drum=True))
QUARTER = 60 / 100


def _seed():
    return lm.read(MIDI_DATA / "reel.mid")


@pytest.fixture(scope="module")
def composer():
    return random_composer(met=EVERYTHING)


@pytest.fixture(scope="module")
def bundled():
    return lm.load()


def test_an_answer_begins_on_the_beat_after_the_rest_and_is_as_long():
    on_the_steps = random_composer(met=PLAIN)  # without timing, each note stands where it is laid
    played = Played(on_the_steps, Settings(), melody(100), 14)
    (asked,) = played.told("asked")
    assert asked["bars"] == 1
    assert abs(asked["tempo_bpm"] - 100) < 1
    assert [row[0] for row in asked["heard"]] == [12 * i for i in range(8)]
    assert [row[2] for row in asked["heard"]] == list(SCALE)
    first = played.ons()[0][0]
    beats = (first - 1.0) / QUARTER
    assert abs(beats - round(beats)) < 0.001
    assert 4.9 < beats < 7.1  # a rest of a beat, then the next beat
    last = played.ons()[-1][0]
    assert last < first + 4 * QUARTER + 0.01
    assert not hanging(played.sent)


@pytest.mark.parametrize("bpm", [72, 100, 131])
def test_the_tempo_of_uneven_playing_is_found(composer, bpm):
    rng = random.Random(bpm)
    long = 60 / bpm
    at = [0, 0.75, 1, 1.5, 2, 3, 3.5, 4, 4.75, 5, 6, 7]
    events = []
    for i, onset in enumerate(at):
        seconds = 1 + onset * long + rng.gauss(0, 0.008)
        events += [
            Timed(seconds, note_on(0, 60 + i % 5, 80)),
            Timed(seconds + 0.1, note_on(0, 60 + i % 5, 0)),
        ]
    (asked,) = Played(composer, Settings(), events, 1 + 15 * long).told("asked")[:1]
    assert abs(asked["tempo_bpm"] - bpm) < 0.03 * bpm


def test_the_player_who_begins_silences_the_answer(composer):
    again = melody(100, start=7.5)
    played = Played(composer, Settings(bars=4), melody(100) + again, 9)
    ours = [at for at, *_ in played.ons()]
    assert any(at < 7.5 for at in ours)
    assert not any(at > 7.5 + 0.04 for at in ours)
    assert not hanging(played.sent[: played.before_end])


def test_turns_of_bars_alternate_on_the_clock(composer):
    settings = Settings(turns="bar", bars=1, tempo_bpm=100)
    events = melody(100) + melody(100, start=1 + 8 * QUARTER) + melody(100, start=1 + 16 * QUARTER)
    played = Played(composer, settings, events, 1 + 24 * QUARTER)
    assert [one["bar"] for one in played.told("asked")] == [2, 4, 6]
    bars = {int((at - 1.0 + 0.01) / (4 * QUARTER)) + 1 for at, *_ in played.ons()}
    assert bars == {2, 4, 6}


def test_it_follows_bar_by_bar_with_the_instruments_named(bundled):
    pitches = SCALE * 6
    settings = Settings(mode="follow", instruments=FOLLOWERS)
    played = Played(bundled, settings, melody(100, pitches=pitches), 1 + 20 * QUARTER)
    asked = played.told("asked")
    assert [one["bar"] for one in asked] == list(
        range(asked[0]["bar"], asked[0]["bar"] + len(asked))
    )
    assert len(asked) >= 3
    assert played.ons(channel=1)
    assert played.ons(channel=9)
    assert not played.ons(channel=0)  # the player's own part is only imagined
    assert {one.message for one in played.sent[:2]} == {b"\xc0\x00", b"\xc1\x21"}
    assert not hanging(played.sent)


def test_a_player_who_stops_is_followed_no_more(composer):
    settings = Settings(mode="follow", instruments=FOLLOWERS, tempo_bpm=100)
    played = Played(composer, settings, melody(100, pitches=SCALE * 2), 1 + 40 * QUARTER)
    assert max(at for at, *_ in played.ons()) < 1 + 20 * QUARTER


def test_it_goes_on_without_end_from_a_seed(bundled):
    settings = Settings(mode="endless", seed=_seed(), tempo_bpm=120, bars=2)
    played = Played(bundled, settings, [], 16)
    asked = [one["bar"] for one in played.told("asked")]
    assert asked == list(range(asked[0], asked[0] + 2 * len(asked), 2))
    assert len(asked) >= 3
    ons = [at for at, *_ in played.ons()]
    assert max(b - a for a, b in pairwise(ons)) < 2.1  # never a bar of silence
    assert not hanging(played.sent)


def test_a_midi_clock_leads(composer):
    tick = 60 / 90 / 24
    events = clock_ticks(90, 2.0, 24 * 4 * 6) + melody(90, start=2.0)
    played = Played(composer, Settings(), events, 2 + 20 * 60 / 90)
    (asked,) = played.told("asked")[:1]
    assert abs(asked["tempo_bpm"] - 90) < 0.1
    first = played.ons()[0][0]
    bars = (first - 2.0) / (96 * tick)
    assert abs(bars - round(bars)) < 0.01  # answers to a clock begin on its bar lines
    assert asked["bar"] == 1 + round(bars)


def test_a_clock_that_stops_silences_us_and_one_that_goes_on_is_where_it_was(composer):
    settings = Settings(mode="endless", seed=_seed(), bars=4)
    ticks = clock_ticks(120, 1.0, 24 * 7)
    stop = ticks[-1].seconds + 0.01
    goes_on = [
        Timed(stop + 1.99, b"\xf2\x20\x00"),  # 32 sixteenths: bar 3
        *clock_ticks(120, stop + 2, 24 * 8, first=b"\xfb"),
    ]
    played = Played(composer, settings, [*ticks, Timed(stop, b"\xfc"), *goes_on], stop + 8)
    ons = [at for at, *_ in played.ons()]
    assert any(at < stop for at in ons)
    assert not any(stop + 0.04 < at < stop + 1.99 for at in ons)
    assert any(at > stop + 2 for at in ons)
    silenced = [one for one in played.sent if one.seconds < stop + 1]
    assert not hanging(silenced)
    assert played.told("asked")[-1]["bar"] >= 3


def test_a_clock_that_falls_silent_counts_as_stopped(composer):
    settings = Settings(mode="endless", seed=_seed(), bars=4)
    ticks = clock_ticks(120, 1.0, 24 * 5)
    played = Played(composer, settings, ticks, 6)
    lost = ticks[-1].seconds
    sent = played.sent[: played.before_end]
    assert any(at > 1 for at, *_ in played.ons())
    assert not any(at > lost + 0.3 for at, *_ in played.ons())
    assert not hanging(sent)


def test_our_clock_ticks_24_to_the_quarter_and_stops(composer):
    settings = Settings(mode="endless", seed=_seed(), tempo_bpm=120, sends_clock=True)
    played = Played(composer, settings, [], 5)
    ticks = [one.seconds for one in played.sent if one.message == b"\xf8"]
    starts = [one.seconds for one in played.sent if one.message == b"\xfa"]
    assert len(starts) == 1
    assert [round(b - a, 6) for a, b in pairwise(ticks)] == [round(0.5 / 24, 6)] * (len(ticks) - 1)
    assert ticks[0] == starts[0]
    assert played.sent[-1].message == b"\xfc"


def test_a_knob_turns_a_control_while_notes_are_written(bundled):
    dials = Dials({"rng_seed": 3})
    settings = Settings(mode="endless", seed=_seed(), tempo_bpm=120, bars=16)
    turn = [Timed(4.0, control_change(0, 21, 100)), Timed(8.0, control_change(0, 21, 10))]
    at = [(0.5, lambda session: session.learn("pitch_range.low"))]
    played = Played(bundled, settings, turn, 11, dials=dials, at=at)
    assert played.told("learnt") == [
        {"event": "learnt", "control": "pitch_range.low", "number": 21, "channel": 1}
    ]
    assert {"event": "control", "name": "pitch_range", "value": (100, 127)} in played.news
    high = [pitch for at, pitch, _ in played.ons() if 5 < at < 8]
    assert len(high) > 2
    assert min(high) >= 100
    assert min(pitch for at, pitch, _ in played.ons() if at > 9) < 100


def test_a_refused_value_is_told_and_the_music_goes_on(composer):
    settings = Settings(mode="endless", seed=_seed(), tempo_bpm=120)
    at = [
        (1.0, lambda session: session.set("temperature", -4)),
        (1.1, lambda session: session.set("bars", 0)),
        (1.2, lambda session: session.set("scale", "H superlocrian")),
        (1.3, lambda session: session.set("n", 3)),
    ]
    played = Played(composer, settings, [], 6, at=at)
    said = " ".join(one["message"] for one in played.told("error"))
    for word in ("temperature must be", "bars must be", "n cannot be set while playing"):
        assert word in said
    assert "H superlocrian" in said or "scale" in said
    assert any(at > 4 for at, *_ in played.ons())


def test_the_tempo_is_changed_on_the_way_and_the_music_goes_on_where_it_was(composer):
    settings = Settings(mode="endless", seed=_seed(), tempo_bpm=120, sends_clock=True)
    at = [(4.0, lambda session: session.set("tempo_bpm", 60))]
    played = Played(composer, settings, [], 9, at=at)
    ticks = [one.seconds for one in played.sent if one.message == b"\xf8"]
    waits = [round(b - a, 4) for a, b in pairwise(ticks)]
    assert set(waits[:80]) == {round(60 / 120 / 24, 4)}
    assert set(waits[-80:]) == {round(60 / 60 / 24, 4)}
    assert max(waits) < 0.05
    assert not hanging(played.sent)


def test_the_tempo_of_a_clock_that_leads_is_its_own(composer):
    at = [(4.0, lambda session: session.set("tempo_bpm", 60))]
    played = Played(composer, Settings(), clock_ticks(90, 2.0, 200), 5, at=at)
    assert "change it there" in played.told("error")[0]["message"]
    assert played.session.timing.clock.tempo_bpm == pytest.approx(90, abs=0.1)


@pytest.mark.parametrize("number", [120, 123])
def test_panic_silences_everything_at_once(composer, number):
    settings = Settings(mode="endless", seed=_seed(), tempo_bpm=120, bars=16)
    played = Played(composer, settings, [Timed(4.0, control_change(0, number, 0))], 9)
    sent = played.sent[: played.before_end]
    assert any(at < 4 for at, *_ in played.ons())
    assert not hanging(sent)
    assert not any(at > 4.04 for at, *_ in played.ons())
    assert control_change(0, 123, 0) in [one.message for one in sent]
    assert control_change(0, 64, 0) in [one.message for one in sent]


def test_the_mode_changes_on_the_way(composer):
    at = [(5.0, lambda session: session.set_mode("endless", 5.0))]
    settings = Settings(bars=1, tempo_bpm=100)
    played = Played(composer, settings, melody(100), 20, at=at)
    assert played.told("mode") == [{"event": "mode", "mode": "endless"}]
    assert max(at for at, *_ in played.ons()) > 17
    refused = Played(composer, settings, [], 1, at=[(0, lambda s: s.set_mode("jazz", 0.0))])
    assert "mode must be one of" in refused.told("error")[0]["message"]


def test_drums_are_answered_on_their_channel(composer):
    events = melody(100, pitches=(36, 42, 38, 42, 36, 42, 38, 42), channel=9)
    played = Played(composer, Settings(), events, 12)
    assert played.ons(channel=9)
    assert not hanging(played.sent)


@pytest.mark.parametrize("chance", range(6))
def test_no_note_hangs_whatever_is_played_and_whenever_it_ends(composer, chance):
    rng = random.Random(chance)
    events = clock_ticks(120, 1.0, 24 * rng.randrange(2, 20)) if chance % 2 else []
    for _ in range(120):
        at, pitch = rng.uniform(0, 9), rng.randrange(128)
        events.append(Timed(at, note_on(rng.choice((0, 9)), pitch, rng.randrange(128))))
        if rng.random() < 0.1:
            odd = (
                b"\xfc",
                b"\xfa",
                b"\xfb",
                b"\xf2\x08\x00",
                b"\xb0\x15\x30",
                b"\xc0\x05",
                b"\xfe",
            )
            events.append(Timed(at, rng.choice(odd)))
    mode = ("answer", "follow", "endless")[chance % 3]
    settings = Settings(mode=mode, instruments=FOLLOWERS, rest_beats=0.25, meter=Meter(0, 3, 4))
    played = Played(composer, settings, events, rng.uniform(4, 11))
    assert not hanging(played.sent)
    assert played.session.n_sounding == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"mode": "jam"}, "mode must be one of"),
        ({"mode": "follow"}, "follow needs instruments"),
        ({"bars": 0}, "bars must be 1..64"),
        ({"tempo_bpm": 1000.0}, "tempo must be"),
        ({"rest_beats": 0.0}, "rest must be"),
    ],
)
def test_impossible_settings_are_refused(asked, message):
    with pytest.raises(lm.ConfigError, match=message):
        Settings(**asked)
