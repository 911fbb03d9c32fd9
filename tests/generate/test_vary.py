"""What a variation keeps, and how its amount leads from the same to the new."""

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.takes import likeness
from lstm_music.music.piece import Piece, Track, make_notes

NAMES = ["chorale", "reel", "band", "nocturne", "drums", "pickup"]
AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0)
COMPOSER = random_composer(4, met=PLAIN)


def vary(name, composer=COMPOSER, bars=(2, 4), rng_seed=1, **asked):
    seed = lm.read(MIDI_DATA / f"{name}.mid")
    request = Request("vary", seed, bars=bars, rng_seed=rng_seed, drafts=1, **asked)
    return seed, composer.complete(request)[0]


def rhythm(notes):
    names = ["onset_steps", "duration_steps", "velocity", "track", "timing_96ths"]
    return sorted(notes[names].tolist())


def order(piece, track):
    """The pitches of a track in order of time, those of a chord from low to high."""
    mine = piece.notes[piece.notes["track"] == track]
    return [n[1] for n in sorted(zip(mine["onset_steps"].tolist(), mine["pitch_midi"].tolist()))]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("amount", [0.3, 1.0])
@pytest.mark.parametrize("rng_seed", range(4))
def test_rhythm_keeps_every_onset_and_duration(name, amount, rng_seed):
    seed, take = vary(name, keep="rhythm", amount=amount, rng_seed=rng_seed)
    assert rhythm(take.piece.notes) == rhythm(seed.notes)
    assert take.piece.notes.tolist() != seed.notes.tolist()


@pytest.mark.parametrize("name", ["reel", "pickup", "band", "drums"])
@pytest.mark.parametrize("amount", [0.4, 1.0])
def test_pitch_keeps_the_pitches_in_their_order(name, amount):
    for rng_seed in range(4):
        seed, take = vary(name, keep="pitch", amount=amount, rng_seed=rng_seed)
        for track in range(len(seed.tracks)):
            was, now = order(seed, track), order(take.piece, track)
            rest = iter(was)
            assert all(pitch in rest for pitch in now)  # none but those, in their order
            assert len(now) >= 0.85 * len(was)


def test_a_key_that_is_struck_twice_in_a_step_is_struck_twice_again():
    """A flam is one note to the network."""
    rows = [(12 * i, 6, 38, 80, 0, timing) for i in range(32) for timing in (0, 2)]
    seed = Piece(notes=make_notes(rows), tracks=(Track(0, is_drum=True),))
    made = COMPOSER.vary(seed, keep="rhythm", rng_seed=1)
    assert rhythm(made.notes) == rhythm(seed.notes)
    assert not np.array_equal(made.notes, seed.notes)


@pytest.mark.parametrize("keep", ["rhythm", "pitch", "outline"])
def test_a_track_that_rests_there_goes_on_resting(keep):
    rows = [(12 * i, 12, 60 + i % 7, 80, 0) for i in range(64)]
    rows += [(12 * i, 12, 40 + i % 5, 80, 1) for i in (*range(8), *range(56, 64))]
    seed = Piece(notes=make_notes(rows), tracks=(Track(), Track(33)))
    made = COMPOSER.vary(seed, keep=keep, bars=(3, 5), rng_seed=1)
    bass = [piece.notes[piece.notes["track"] == 1] for piece in (seed, made)]
    assert np.array_equal(*bass)
    assert not np.array_equal(made.notes, seed.notes)


def test_outline_keeps_the_notes_on_the_beats():
    seed, take = vary("reel", keep="outline")
    place, _ = seed.bar_lines.places(seed.notes["onset_steps"])
    beat = seed.meters[0].beat_steps
    on_beat = set(seed.notes[place % beat == 0].tolist())
    assert on_beat <= set(take.piece.notes.tolist())
    assert not on_beat & set(take.new.tolist())
    assert len(set(take.piece.notes.tolist())) == len(take.piece.notes)
    assert set(seed.notes.tolist()) - set(take.piece.notes.tolist())


@pytest.mark.parametrize("keep", ["rhythm", "pitch", "outline"])
def test_the_larger_the_amount_the_less_is_left(keep):
    """On average over seeds; nothing of the same at 0."""
    means = []
    for amount in AMOUNTS:
        like = []
        for name in ("reel", "chorale", "band"):
            seed, take = vary(name, keep=keep, amount=amount, bars=(1, 8))
            if keep == "outline":  # what is added between the beats is as many as it likes
                like.append(np.isin(seed.notes, take.piece.notes).mean())
            else:
                like.append(likeness(take.piece.notes, seed.notes))
        means.append(float(np.mean(like)))
    assert means == sorted(means, reverse=True)
    assert means[0] == 1
    assert means[-1] < means[0] - 0.1


def test_what_changes_of_a_small_amount_changes_of_a_larger_one():
    seed = lm.read(MIDI_DATA / "reel.mid")
    gone = []
    for amount in AMOUNTS:
        _, take = vary("reel", keep="rhythm", amount=amount)
        gone.append({tuple(n) for n in seed.notes.tolist()} - set(take.piece.notes.tolist()))
    kept = [len(one) for one in gone]
    assert kept[0] == 0
    assert kept == sorted(kept)


def test_a_chord_of_slots_stays_within_the_scale():
    for rng_seed in range(8):
        _, take = vary("nocturne", keep="rhythm", bars=(10, 12), rng_seed=rng_seed, scale="C E G")
        assert set((take.new["pitch_midi"] % 12).tolist()) <= {0, 4, 7}
        assert take.report["scale"]["kept"]


@pytest.mark.parametrize(("chord", "bounds"), [((55, 60), (60, 72)), ((72, 80), (60, 72))])
@pytest.mark.parametrize("rng_seed", range(3))
def test_a_range_holds_beside_a_kept_note_that_is_beyond_it(chord, bounds, rng_seed):
    """A new pitch must not stay below a kept note, or above it, because the old one did."""
    rows = [(i * 24, 24, pitch, 80, 0) for i in range(16) for pitch in chord]
    seed = Piece(notes=make_notes(rows), tracks=(Track(40),))
    request = Request(
        "vary", seed, keep="rhythm", amount=0.5, rng_seed=rng_seed, pitch_range=bounds, drafts=1
    )
    take = COMPOSER.complete(request)[0]
    assert len(take.new) == 16
    outside = (take.new["pitch_midi"] < bounds[0]) | (take.new["pitch_midi"] > bounds[1])
    assert not outside.any()
    assert rhythm(take.piece.notes) == rhythm(seed.notes)
