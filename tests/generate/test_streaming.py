"""Notes one by one: the same as of one draft, from any thread, and under controls that change."""

import sys
import threading

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import EVERYTHING, PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.asking.request import CONTROLS
from lstm_music.generate.complete import get_ready
from lstm_music.generate.compose import written
from lstm_music.generate.streaming import CHANGEABLE
from lstm_music.nn.sampling import Sampling

REEL, QUARTET = MIDI_DATA / "reel.mid", MIDI_DATA / "chorale.mid"
PLACES = {
    "infill": {"bars": "5-7", "tracks": [2]},
    "accompany": {"with_": "bass,drums", "bars": "2-5"},
}


@pytest.fixture(scope="module")
def composer():
    return lm.load()


def tuples(notes):
    return [tuple(note) for note in notes]


@pytest.mark.parametrize("task", PLACES)
@pytest.mark.parametrize("met", [EVERYTHING, None], ids=["random", "bundled"])
def test_open_places_are_streamed_as_one_draft_writes_them(composer, task, met):
    model = composer if met is None else random_composer(met=met)
    seed, asked = lm.read(QUARTET), {**PLACES[task], "rng_seed": 4}
    streamed = list(model.stream(seed, task=task, **asked))
    request = lm.Request(task, seed, **asked)
    work = get_ready(model.engine, request, seed, 4)
    (draft,) = work.compose(request.sampling(model.sampling), 4, [0], 1)
    assert tuples(streamed) == tuples(written(work, draft)[1])
    assert len(streamed) > 4


def test_from_nothing_is_streamed_in_its_meter_with_its_instruments(composer):
    stream = composer.stream(bars=3, meter="3/4", key="G major", with_="flute,cello", rng_seed=2)
    notes = list(stream)
    assert len(notes) > 3
    assert [track.program for track in stream.piece.tracks] == [73, 42]
    assert max(int(n["onset_steps"]) for n in notes) < 3 * 72 == stream.end_steps
    onsets = [int(n["onset_steps"]) for n in notes]
    assert onsets == sorted(onsets)
    same = composer.generate(
        bars=3,
        meter="3/4",
        key="G major",
        with_="flute,cello",
        rng_seed=2,
        form="none",
        ending="free",
        drafts=1,
    )
    assert tuples(same.notes) == tuples(notes)


def test_eight_threads_at_once_each_get_what_they_would_get_alone(composer):
    seed = lm.read(REEL)
    jobs = [
        {"task": task, "rng_seed": i, **asked}
        for i in range(4)
        for task, asked in (("infill", {"bars": "5-7"}), ("generate", {"bars": 3}))
    ]
    serial = [tuples(composer.stream(seed, **job)) for job in jobs]
    found = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def take(i):
        start.wait()
        found[i] = tuples(composer.stream(seed, **jobs[i]))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=take, args=(i,)) for i in range(len(jobs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == serial
    assert len({tuple(one) for one in serial}) == len(jobs)


CHANGES = {
    "pitch_range": ("60-65", lambda n: 60 <= n["pitch_midi"] <= 65),
    "scale": ("C major", lambda n: n["pitch_midi"] % 12 in (0, 2, 4, 5, 7, 9, 11)),
    "grid": ("1/4", lambda n: n["onset_steps"] % 24 == 0),
    "max_duration": ("1/8", lambda n: n["duration_steps"] <= 12),
    "velocity_range": ("30-40", lambda n: 30 <= n["velocity"] <= 40),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("model", [random_composer(met=EVERYTHING), random_composer(met=PLAIN)])
def test_the_note_after_next_obeys_a_changed_rule(model, name):
    value, obeys = CHANGES[name]
    stream = model.stream(REEL, bars=8, rng_seed=3)
    before = [next(stream) for _ in range(5)]
    stream.change(**{name: value})
    after = list(stream)
    assert not all(obeys(note) for note in before)
    assert len(after) > 8
    assert all(obeys(note) for note in after[1:])
    unchanged = list(model.stream(REEL, bars=8, rng_seed=3))
    assert tuples(before) == tuples(unchanged[:5])


def test_sampling_changes_on_the_way(composer):
    usual = tuples(composer.stream(REEL, bars=4, rng_seed=5))
    stream = composer.stream(REEL, bars=4, rng_seed=5)
    first = tuples(next(stream) for _ in range(8))
    stream.change(temperature=3.0, top_p=1.0)
    rest = tuples(stream)
    assert first == usual[:8]
    assert rest[0][:3] == usual[8][:3]  # it was written before
    assert rest != usual[8:]
    bold = composer.stream(REEL, bars=4, rng_seed=5, sampling=Sampling(temperature=3.0, top_p=1.0))
    whole = composer.stream(REEL, bars=4, rng_seed=5)
    whole.change(temperature=3.0, top_p=1.0)
    assert tuples(whole) == tuples(bold)  # before the first note it is as if asked from the start


def test_wishes_change_what_the_network_is_told(composer):
    def later(density):
        stream = composer.stream(REEL, bars=12, rng_seed=6)
        notes = [next(stream)]
        stream.change(density=density)
        return len(notes) + len(list(stream))

    assert later(2) < 0.6 * later(8)
    stream = composer.stream(REEL, bars=2, rng_seed=6)
    assert stream._generator.score.conditioning is None
    stream.change(density=3)
    next(stream)
    assert stream._generator.score.conditioning.wishes.any()


def test_a_change_that_cannot_be_met_leaves_the_stream_as_it_is(composer):
    usual = tuples(composer.stream(REEL, bars=2, rng_seed=7))
    stream = composer.stream(REEL, bars=2, rng_seed=7)
    notes = [next(stream)]
    with pytest.raises(lm.ConfigError, match="bars cannot change while a stream runs"):
        stream.change(bars=3)
    with pytest.raises(lm.ConfigError, match="did you mean temperature"):
        stream.change(temprature=1)
    with pytest.raises(lm.ConfigError, match="temperature must be"):
        stream.change(temperature=-1)
    with pytest.raises(lm.ConfigError, match="min_duration must be at most"):
        stream.change(min_duration="1/2", max_duration="1/8")
    assert tuples([*notes, *stream]) == usual


def test_controls_change_from_another_thread_while_notes_are_taken():
    model = random_composer(met=EVERYTHING)
    stream = model.stream(QUARTET, bars=40, rng_seed=1)
    ended = threading.Event()

    def turn():
        low = 0
        while not ended.wait(0.001):
            low = (low + 1) % 24
            stream.change(pitch_range=(30 + low, 80), temperature=0.5 + low / 24)

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        notes = list(stream)
    finally:
        ended.set()
        thread.join()
    assert len(notes) > 100
    assert np.diff([int(n["onset_steps"]) for n in notes]).min() >= 0


def test_what_compares_finished_takes_cannot_be_streamed(composer):
    for asked in ({"n": 2}, {"beam": 2}, {"drafts": 3}, {"max_copy": 16}, {"rank": "likelihood"}):
        with pytest.raises(lm.ConfigError, match=f"{next(iter(asked))} is for finished takes"):
            composer.stream(REEL, bars=2, **asked)
    with pytest.raises(lm.ConfigError, match="vary cannot be streamed"):
        composer.stream(REEL, task="vary", keep="rhythm")
    with pytest.raises(lm.ConfigError, match="infill cannot be streamed"):
        random_composer(old=True).stream(REEL, task="infill", bars="2-3")


def test_all_that_shapes_notes_may_change():
    fixed = set(CONTROLS) - set(CHANGEABLE)
    assert {"temperature", "density", "chords", "rests", "velocity_range"} <= set(CHANGEABLE)
    assert {"bars", "tracks", "with_", "n", "rng_seed", "beam"} <= fixed
