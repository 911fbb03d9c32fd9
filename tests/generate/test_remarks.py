"""What is said of a seed that the network does not hear all of."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.generate.complete import Judge
from lstm_music.generate.planning.plan import continuation
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes


@pytest.fixture(scope="module")
def model():
    return lm.load()


def remarks(model, seed):
    return " | ".join(model.generate(seed, bars=1, rng_seed=1).repairs)


def scale(bars=2, tracks=1, **fields):
    rows = [
        (24 * i, 24, 60 + i % 5 + track, 80, track)
        for i in range(4 * bars)
        for track in range(tracks)
    ]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),) * tracks, key=lm.Key(0))
    return piece.replace(**fields)


def test_nothing_is_said_where_all_is_heard(model):
    assert remarks(model, scale()) == ""


def test_what_the_reader_mended_comes_first(model):
    assert remarks(model, scale(repairs=("mended",))).startswith("mended")


def test_each_thing_that_this_network_has_not_learnt_is_named():
    model = lm.load("folk")
    loud = scale().notes.copy()
    loud["velocity"][::2] = 100
    late = scale().notes.copy()
    late["timing_96ths"][3] = 2
    pedal = np.array([(0, 0, True)], PEDAL_DTYPE)
    for name, seed in (
        ("dynamics", scale(notes=loud)),
        ("pedal", scale(pedal=pedal)),
        ("tempo changes", scale(tempos=(Tempo(0), Tempo(24, 400_000)))),
    ):
        said = remarks(model, seed).split(" | ")[0]
        assert name in said
        assert "has not learnt" in said
        assert said.count(",") == 1


def test_a_long_seed_is_heard_from_a_bar_on(model):
    assert "from bar 8 on" in remarks(model, scale(bars=70))
    assert "from bar" not in remarks(model, scale(bars=64))


def test_a_pickup_is_no_bar_that_counts(model):
    assert "from bar 8 on" in remarks(model, scale(bars=70, pickup_steps=72))
    assert "from bar 8 on" in remarks(model, scale(bars=70, pickup_steps=24))


def test_of_many_tracks_the_busiest_are_heard(model):
    assert "of 40 tracks" in remarks(model, scale(bars=1, tracks=40))


def test_notes_that_ring_into_the_new_music_are_named(model):
    ringing = scale().notes.copy()
    ringing["duration_steps"][-1] += 12
    out = model.generate(scale(notes=ringing), bars=1, rng_seed=1)
    assert "ring 0.5 quarter notes into the new music" in out.repairs[-1]
    assert out.notes["onset_steps"].max() < 3 * 96
    assert out.length_steps == 3 * 96


def test_a_rest_that_belongs_to_the_clip_is_named(model):
    out = model.generate(scale(length_steps=4 * 96), bars=1, rng_seed=1)
    assert "the seed ends with a rest" in out.repairs[-1]
    assert out.length_steps == 5 * 96
    new = out.notes[out.notes["onset_steps"] >= 2 * 96]
    assert new["onset_steps"].min() >= 4 * 96


def test_a_dense_seed_is_heard_as_far_as_time_allows(model):
    rng = np.random.default_rng(1)
    onsets = np.sort(rng.integers(0, 16 * 96, 20_000))
    rows = [(int(on), 1, int(p), 80, 0) for on, p in zip(onsets, rng.integers(30, 90, 20_000))]
    dense = Piece(notes=make_notes(rows), tracks=(Track(),))
    assert "from bar 11 on" in remarks(model, dense)
    # As many as are heard, from the second bar line on; and one more, which costs a bar.
    rows = [(24, 24, 60, 80, 0)]
    rows += [(96 + i // 86, 1, 20 + i % 86, 80, 0) for i in range(8191)] + [(192, 1, 60, 80, 0)]
    full = Piece(notes=make_notes(rows), tracks=(Track(),))
    assert "from bar 2 on" in remarks(model, full)
    more = make_notes([*rows, (192, 1, 61, 80, 0)])
    assert "from bar 3 on" in remarks(model, full.replace(notes=more))
    assert "the network hears" not in remarks(model, full.replace(notes=full.notes[1:]))
    squeezed = dense.notes.copy()
    squeezed["onset_steps"] //= 16
    said = remarks(model, dense.replace(notes=squeezed))
    assert "the last 8192 notes only" in said


def test_new_bars_that_go_in_circles_are_a_fault():
    """After eight bars, each another one, the last two come four times more."""
    seed = scale(bars=8)
    moved = seed.notes.copy()
    moved["pitch_midi"] += (moved["onset_steps"] // 96).astype(np.uint8)
    seed = seed.replace(notes=moved)
    plan = continuation(seed, 8)
    judge = Judge(plan)
    end = seed.notes[-8:].copy()
    goes_on = []
    for i in range(4):
        more = end.copy()
        more["onset_steps"] += 192 * (i + 1)
        goes_on.append(more)
    piece = seed.replace(notes=np.concatenate([seed.notes, *goes_on]), length_steps=16 * 96)
    new = piece.notes[piece.notes["onset_steps"] >= plan.start_steps]
    assert judge.circles(piece)
    assert judge.faults(piece, new) == 1
    circling = piece.replace(notes=piece.notes[piece.notes["onset_steps"] >= 6 * 96])
    assert not Judge(continuation(circling, 4)).circles(circling.replace(length_steps=20 * 96))
    varied = piece.notes.copy()
    varied["pitch_midi"] += (varied["onset_steps"] // 192).astype(np.uint8)
    assert not judge.circles(piece.replace(notes=varied))
