"""Free performances get the grid of their own beats, and keep their seconds."""

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.key import Key, KeyChange
from lstm_music.music.listening import alignment
from lstm_music.music.listening.alignment import TEMPO_ERROR_SECONDS, align_to_beats
from lstm_music.music.listening.beat_tracking import is_on_own_grid, track_beats
from lstm_music.music.listening.quantise import quantise
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.original import Instrument, Original
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.music.seconds import Clock

NAMES = ("chorale", "waltz", "reel", "lead_sheet")


def performed(piece, rng_seed=1, bpm=97.0, jitter_seconds=0.01):
    """At a wandering tempo, saved by a program that thinks it is 120; and the true beats."""
    rng = np.random.default_rng(rng_seed)
    quarters = piece.end_steps // 24 + 4
    wander = np.cumsum(rng.normal(0, 0.01, quarters)) * np.exp(-np.arange(quarters) / 200)
    seconds = 0.3 + np.concatenate([[0], np.cumsum(60 / bpm * np.exp(wander))])
    at = 24 * np.arange(quarters + 1)
    notes = piece.notes.copy()
    ends = np.interp(notes["onset_steps"] + notes["duration_steps"], at, seconds)
    onset = np.interp(notes["onset_steps"], at, seconds)
    onset = np.maximum(onset + rng.normal(0, jitter_seconds, len(notes)), 0)
    places = np.rint(onset * 192).astype(int)
    notes["onset_steps"] = (places + 2) // 4
    notes["timing_96ths"] = places - 4 * notes["onset_steps"]
    notes["duration_steps"] = np.maximum(np.rint(ends * 48) - notes["onset_steps"], 1)
    return Piece(notes=notes, tracks=piece.tracks), seconds


def read(name):
    return read_midi(MIDI_DATA / f"{name}.mid")


def seconds_of(piece):
    at = piece.notes["onset_steps"] + piece.notes["timing_96ths"] / 4
    return np.sort(Clock(piece.tempos).seconds(at))


@pytest.mark.parametrize("path", sorted(MIDI_DATA.glob("*.mid")), ids=lambda p: p.stem)
def test_written_music_is_on_its_own_grid(path):
    piece = read_midi(path)
    assert is_on_own_grid(piece)
    assert is_on_own_grid(piece.replace(tempos=(Tempo(0),)))


@pytest.mark.parametrize("name", NAMES)
def test_a_free_performance_is_recognised(name):
    assert not is_on_own_grid(performed(read(name))[0])


def test_loose_playing_to_the_beat_is_on_the_grid():
    piece = read("reel").replace(tempos=(Tempo(0),))
    rng = np.random.default_rng(0)
    notes = piece.notes.copy()
    moved = notes["onset_steps"] + np.rint(rng.normal(0, 1, len(notes))).astype(int)  # 21 ms
    notes["onset_steps"] = np.maximum(moved, 0)
    loose = piece.replace(notes=notes)
    assert is_on_own_grid(loose)
    assert np.array_equal(infer_meter(loose).notes, loose.notes)


def test_who_sets_a_tempo_plays_to_it():
    loose, _ = performed(read("chorale"))
    assert is_on_own_grid(loose.replace(tempos=(Tempo.from_bpm(97),)))


@pytest.mark.parametrize("name", ["chorale", "waltz"])
def test_the_beats_are_found(name):
    piece = read(name)
    loose, true = performed(piece)
    found = track_beats(loose)
    last = piece.notes["onset_steps"].max() // 24
    off = np.abs(true[: last + 1, None] - found).min(axis=1)
    assert (off < 0.07).mean() > 0.95
    assert len(found) < 1.1 * (last + 3)
    assert (np.diff(found) > 0).all()


def test_the_tempo_map_keeps_the_seconds():
    for name in NAMES:
        loose, _ = performed(read(name))
        aligned = align_to_beats(loose)
        off = seconds_of(aligned) - seconds_of(loose)
        assert np.ptp(off) < 0.008  # a 96th of a quarter; silence before may go
        assert 1 < len(aligned.tempos) < aligned.end_steps // 24
        assert len(aligned.notes) == len(loose.notes)


def test_the_tempo_map_stays_with_the_beats():
    rng = np.random.default_rng(5)
    beats = np.cumsum(0.5 * np.exp(np.cumsum(rng.normal(0, 0.005, 300))))
    beats -= beats[0]
    tempos = alignment._tempo_map(beats, 24)
    found = Clock(tempos).seconds(24 * np.arange(len(beats)))
    assert np.abs(found - beats).max() <= TEMPO_ERROR_SECONDS + 1e-4  # whole microseconds
    assert len(tempos) < len(beats) / 2


def test_a_tempo_holds_as_long_as_it_is_right():
    places = np.rint(125.2 * np.arange(80)).astype(int)  # 96ths; 31.3 steps
    rows = [(p // 4, 20, 60 + i % 7, 80, 0, p % 4) for i, p in enumerate(places.tolist())]
    steady = align_to_beats(Piece(notes=make_notes(rows), tracks=(Track(),)))
    assert len(steady.tempos) <= 2
    beats = Clock(steady.tempos).seconds(24 * np.arange(70))
    assert np.abs(np.diff(beats) - np.diff(beats).mean()).max() < TEMPO_ERROR_SECONDS


def test_written_intervals_come_back():
    piece = read("chorale")
    loose, _ = performed(piece)
    found = quantise(infer_meter(loose))
    written, played = (np.unique(p.notes["onset_steps"]) for p in (piece, found))
    assert len(written) == len(played)
    assert (np.diff(written) == np.diff(played)).mean() > 0.95
    assert any("not played to the beats of the file" in repair for repair in found.repairs)


def test_the_meter_of_a_performance_is_found_too():
    loose, _ = performed(read("waltz"))
    assert str(infer_meter(loose).meters[0]) == "3/4"
    told = loose.replace(meters=(Meter(0, 3, 4),))
    assert infer_meter(told).meters == (Meter(0, 3, 4),)


def test_the_pedal_moves_with_the_notes():
    loose, _ = performed(read("chorale"))
    pedal = np.array([(o, 0, i % 2 == 0) for i, o in enumerate((100, 200, 300))], PEDAL_DTYPE)
    aligned = align_to_beats(loose.replace(pedal=pedal))
    before = Clock(loose.tempos).seconds(pedal["onset_steps"])
    after = Clock(aligned.tempos).seconds(aligned.pedal["onset_steps"])
    assert np.ptp(after - before) < 0.03


def test_twice_is_once():
    loose, _ = performed(read("lead_sheet"))
    once = infer_meter(loose)
    assert infer_meter(once) == once


def test_noise_has_no_beats():
    rng = np.random.default_rng(3)
    onsets = np.sort(rng.integers(0, 9600, 2000)).tolist()
    rows = [(onset, 12, int(rng.integers(40, 90)), 80, 0) for onset in onsets]
    noise = Piece(notes=make_notes(rows), tracks=(Track(),))
    assert not is_on_own_grid(noise)
    assert align_to_beats(noise) is None
    assert infer_meter(noise) == noise


def test_few_notes_are_left_alone():
    rows = [(round(29.7 * i), 20, 60, 80, 0) for i in range(20)]
    few = Piece(notes=make_notes(rows), tracks=(Track(),))
    assert is_on_own_grid(few)
    assert np.array_equal(infer_meter(few).notes, few.notes)


def test_a_clock_goes_both_ways():
    clock = Clock([Tempo(0, 400_000), Tempo(30, 700_000), Tempo(90, 300_000)])
    steps = np.linspace(0, 200, 101)
    assert np.allclose(clock.steps(clock.seconds(steps)), steps)
    assert (np.diff(clock.seconds(steps)) > 0).all()
    assert np.allclose(24 * clock.seconds_a_step(np.array([29, 30, 90])), [0.4, 0.7, 0.3])


def test_each_note_still_knows_its_tick_in_the_file():
    tempos = (Tempo(0), Tempo(700, 650_000))
    loose = performed(read("reel"))[0].replace(tempos=tempos, length_steps=96)
    played = loose.notes["onset_steps"] + loose.notes["timing_96ths"] / 4
    ticks = np.sort(played * 20)
    original = Original(
        b"", (Instrument(0, 0, 0),), np.array([0.0, 24.0]), np.array([0.0, 480.0]), mtrk=5
    )
    aligned = align_to_beats(loose.replace(original=original))
    assert aligned.length_steps == 0
    assert aligned.original.mtrk == 5
    at, to = aligned.original.knots_steps, aligned.original.knots_ticks
    assert (np.diff(at) > 0).all()
    assert (np.diff(to) > 0).all()
    assert len(at) > 50
    # The file has 960 ticks a second, then 738.
    place = np.sort(aligned.notes["onset_steps"] + aligned.notes["timing_96ths"] / 4)
    inside = (place >= at[0]) & (place <= at[-1])
    assert inside.mean() > 0.95
    found = np.interp(place[inside], at, to)
    assert np.abs(found - ticks[inside]).max() < 5  # 96ths of a quarter are 5 ticks
    assert align_to_beats(loose).original is None


def test_changes_of_key_stay_at_their_moments():
    loose = performed(read("waltz"))[0]
    change = KeyChange(400, Key(1, "major"))
    aligned = align_to_beats(loose.replace(key=Key(0, "major"), key_changes=(change,)))
    (moved,) = aligned.key_changes
    assert (aligned.key, moved.key) == (Key(0, "major"), change.key)
    before, now = Clock(loose.tempos), Clock(aligned.tempos)
    first = [
        clock.seconds(p.notes["onset_steps"] + p.notes["timing_96ths"] / 4).min()
        for clock, p in ((before, loose), (now, aligned))
    ]
    moments = [before.seconds(np.array([400]))[0], now.seconds(np.array([moved.onset_steps]))[0]]
    assert moments[1] - first[1] == pytest.approx(moments[0] - first[0], abs=0.03)
