"""Meter and pickup, on the music we ship; the large corpora are in benchmarks/meter.py."""

import numpy as np
import pytest
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.music.listening import meter_choice, rhythm
from lstm_music.music.listening.beat_tracking import GATHERED, gathering
from lstm_music.music.listening.meter_finding import (
    CANDIDATES,
    FEATURES,
    Guess,
    features,
    guess_meters,
)
from lstm_music.music.listening.meter_weights import WEIGHTS
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes

FILES = sorted(MIDI_DATA.glob("*.mid"))
DUPLE = {"2/4", "4/4", "2/2"}


def in_four(piece, **changes):
    """As from a program that never asks for a meter."""
    return piece.replace(meters=(Meter(0, 4, 4),), pickup_steps=0, **changes)


def stripped(piece):
    return in_four(piece, unstated=frozenset({"meter"}))


def one_meter(names):
    found = [read_midi(path) for path in FILES if path.stem in names]
    assert len(found) == len(names)
    return found


def constant():
    """Pieces of one meter that are long enough to tell it."""
    pieces = [read_midi(path) for path in FILES]
    return [p for p in pieces if len(p.meters) == 1 and len(np.unique(p.notes["onset_steps"])) > 24]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_what_the_file_tells_truly_stays(path):
    piece = read_midi(path)
    assert infer_meter(piece) == piece


def test_a_meter_that_the_file_leaves_open_is_found():
    pieces = constant()
    assert len(pieces) > 15
    found = [infer_meter(stripped(piece)) for piece in pieces]
    alike = [
        {str(p.meters[0]), str(q.meters[0])} <= DUPLE or p.meters == q.meters
        for p, q in zip(pieces, found, strict=True)
    ]
    assert np.mean(alike) >= 0.9
    assert all("meter" not in piece.unstated for piece in found)
    assert all("no meter in the file" in piece.repairs[-1] for piece in found)


@pytest.mark.parametrize("name", ["waltz", "lead_sheet_waltz", "jig", "slip_jig"])
def test_a_piece_saved_as_four_four_is_given_its_meter(name):
    (piece,) = one_meter({name})
    found = infer_meter(in_four(piece))
    assert found.meters == piece.meters
    assert found.pickup_steps == piece.pickup_steps
    assert f"the file says 4/4: found {piece.meters[0]}" in found.repairs[-1]
    assert np.array_equal(found.notes, piece.notes)


def test_a_pickup_that_the_file_cannot_tell_is_found():
    (piece,) = one_meter({"reel"})
    late = piece.notes.copy()
    late["onset_steps"] += 24
    # An upbeat of a quarter before the first bar, its bar lines a quarter early.
    upbeat = make_notes([(0, 24, 62, 80, 0)])
    shifted = piece.replace(notes=np.concatenate([upbeat, late]), pickup_steps=0)
    found = infer_meter(shifted)
    assert (found.pickup_steps - piece.pickup_steps - 24) % piece.meters[0].bar_steps == 0
    assert "the bar lines of the file are off" in found.repairs[-1]


def test_another_meter_than_four_four_is_never_overruled():
    for piece in one_meter({"reel", "chorale", "drums", "blues"}):
        told = piece.replace(meters=(Meter(0, 3, 4),), pickup_steps=0)
        assert infer_meter(told).meters == told.meters


@pytest.mark.parametrize(("more", "meter"), [(-0.1, "4/4"), (0.1, "3/4")])
@pytest.mark.parametrize("is_stated", [True, False])
def test_it_takes_a_clear_margin_to_overrule_or_to_infer(monkeypatch, is_stated, more, meter):
    (piece,) = one_meter({"waltz"})
    margin = meter_choice.least_for_meter(piece, is_stated) + more
    guesses = [Guess(3, 4, 0, -0.1), Guess(4, 4, 0, -0.1 - margin), Guess(2, 4, 0, -99.0)]
    monkeypatch.setattr(rhythm, "guess_meters", lambda piece: guesses)
    found = infer_meter(in_four(piece) if is_stated else stripped(piece))
    assert str(found.meters[0]) == meter
    said = "assumed, as 3/4 is likelier but not clearly so" in "".join(found.repairs)
    assert said == (not is_stated and meter == "4/4")


@pytest.mark.parametrize(("more", "pickup"), [(-0.1, 0), (0.1, 24)])
def test_it_takes_a_clear_margin_to_infer_a_pickup(monkeypatch, more, pickup):
    (piece,) = one_meter({"waltz"})
    notes = piece.notes.copy()
    notes["duration_steps"] = np.minimum(notes["duration_steps"], 24)
    margin = meter_choice.least_for_upbeat(piece) + more
    guesses = [Guess(3, 4, 24, -0.1), Guess(3, 4, 0, -0.1 - margin), Guess(4, 4, 0, -99.0)]
    guesses.append(Guess(2, 4, 0, -99.0))
    monkeypatch.setattr(rhythm, "guess_meters", lambda piece: guesses)
    found = infer_meter(stripped(piece.replace(notes=notes)))
    assert found.pickup_steps == pickup
    assert ("a pickup of 1/4" if pickup else "no pickup") in found.repairs[-1]
    drums = piece.replace(notes=notes, tracks=(Track(is_drum=True),) * len(piece.tracks))
    assert not infer_meter(stripped(drums)).pickup_steps


def test_two_four_speaks_for_the_bar_lines_of_four_four(monkeypatch):
    """4/4 a quarter late is likelier than 4/4, but 2/4 has its bar lines where 4/4 has."""
    guesses = [Guess(4, 4, 24, -0.9), Guess(2, 4, 0, -1.4), Guess(4, 4, 0, -4.1)]
    guesses += [Guess(2, 4, 24, -9.0), Guess(3, 4, 0, -99.0)]
    monkeypatch.setattr(rhythm, "guess_meters", lambda piece: guesses)
    notes = make_notes([(24 * i, 24, 60 + 5 * i % 7, 80, 0) for i in range(64)])
    piece = Piece(notes=notes, tracks=(Track(),), unstated=frozenset({"meter"}))
    assert infer_meter(piece).pickup_steps == 0
    guesses[1] = Guess(2, 4, 0, -4.0)
    assert infer_meter(piece).pickup_steps == 24


def test_short_music_needs_stronger_evidence():
    (piece,) = one_meter({"waltz"})
    short = piece.replace(notes=piece.notes[:20])
    for least in (meter_choice.least_for_meter, meter_choice.least_for_upbeat):
        assert least(short) > least(piece) > 0


@pytest.mark.parametrize(
    ("margin", "is_drum", "pickup"), [(3.0, False, 0), (4.5, False, 24), (4.5, True, 0)]
)
def test_it_takes_a_clear_margin_to_move_the_bar_lines(monkeypatch, margin, is_drum, pickup):
    guesses = [Guess(3, 4, 24, -0.1), Guess(3, 4, 0, -0.1 - margin), Guess(4, 4, 0, -99.0)]
    guesses.append(Guess(2, 4, 0, -99.0))
    monkeypatch.setattr(rhythm, "guess_meters", lambda piece: guesses)
    notes = make_notes([(24 * i, 24, 60 + i % 5, 80, 0) for i in range(40)])
    piece = Piece(notes=notes, tracks=(Track(is_drum=is_drum),), meters=(Meter(0, 3, 4),))
    assert infer_meter(piece).pickup_steps == pickup


def test_loose_playing_does_not_contradict_the_file():
    (piece,) = one_meter({"waltz"})
    rng = np.random.default_rng(2)
    notes = piece.notes.copy()
    moved = notes["onset_steps"] + np.rint(rng.normal(0, 7, len(notes))).astype(int)
    notes["onset_steps"] = np.maximum(moved, 0)
    loose = in_four(piece.replace(notes=notes, tempos=(Tempo.from_bpm(100),)))
    assert 0.12 < gathering(loose.notes["onset_steps"]) < GATHERED
    assert infer_meter(loose) == loose


def test_told_changes_of_meter_stay():
    (piece,) = one_meter({"meter_change"})
    assert len(piece.meters) > 1
    assert infer_meter(piece).meters == piece.meters


def test_a_first_bar_of_one_quarter_is_a_pickup():
    (piece,) = one_meter({"waltz"})
    as_written = piece.replace(meters=(Meter(0, 1, 4), Meter(24, 3, 4)), pickup_steps=0)
    found = infer_meter(as_written)
    assert (found.meters, found.pickup_steps) == ((Meter(0, 3, 4),), 24)
    assert found.bar_lines.bar_at(24) == as_written.bar_lines.bar_at(24)


def test_a_long_first_bar_stays_a_meter():
    (piece,) = one_meter({"waltz"})
    changed = piece.replace(meters=(Meter(0, 5, 4), Meter(120, 3, 4)), pickup_steps=0)
    assert infer_meter(changed) == changed


def test_twice_is_once():
    for piece in constant():
        for given in (piece, stripped(piece), in_four(piece)):
            once = infer_meter(given)
            assert infer_meter(once) == once
            assert infer_meter(once).repairs == once.repairs


def test_too_few_notes_are_left_alone():
    notes = make_notes([(36 * i, 36, 60, 80, 0) for i in range(6)])
    few = Piece(notes=notes, tracks=(Track(),))
    assert infer_meter(few) is few
    assert "too few notes" in infer_meter(stripped(few)).repairs[-1]
    assert infer_meter(Piece()) == Piece()


def test_a_drum_beat_tells_its_meter():
    (drums,) = one_meter({"drums"})
    assert str(infer_meter(stripped(drums)).meters[0]) in DUPLE


def test_probabilities_add_up_and_are_in_order():
    (piece,) = one_meter({"jig"})
    guesses = guess_meters(piece)
    log_probs = [guess.log_prob for guess in guesses]
    assert np.exp(log_probs).sum() == pytest.approx(1.0)
    assert log_probs == sorted(log_probs, reverse=True)
    assert len(guesses) == sum(Meter(0, *meter).bar_steps // 12 for meter in CANDIDATES)
    assert guesses[0][:2] == (6, 8)


def test_every_feature_has_its_weights():
    assert tuple(WEIGHTS) == FEATURES
    (piece,) = one_meter({"jig"})
    assert features(piece).shape == (len(guess_meters(piece)), len(FEATURES))
    assert np.isfinite(features(piece)).all()


@pytest.mark.parametrize("beats", [((1, 4),), ((1, 8),), ((1, 4), (1, 2)), ((1, 1),)])
def test_bars_of_one_beat_throughout_are_no_meter(beats):
    (piece,) = one_meter({"waltz"})
    meters = tuple(Meter(72 * i, *beat) for i, beat in enumerate(beats))
    found = infer_meter(piece.replace(meters=meters, pickup_steps=0))
    assert found.meters == (Meter(0, 3, 4),)
    sentence = f"the file says {meters[0]} throughout, bars of one beat, which counts as no meter"
    assert found.repairs[-1].startswith(f"{sentence}: found 3/4 with no pickup")


def test_one_bar_of_one_beat_among_others_stays():
    (piece,) = one_meter({"waltz"})
    meters = (Meter(0, 3, 4), Meter(144, 1, 4), Meter(168, 3, 4))
    changed = piece.replace(meters=meters, pickup_steps=0)
    assert infer_meter(changed) is changed
    one_bar = piece.replace(notes=piece.notes[:1], meters=(Meter(0, 1, 1),), pickup_steps=0)
    assert infer_meter(one_bar) is one_bar


@pytest.mark.parametrize("late", [0, 1, 5, 9])
def test_bar_lines_go_where_the_notes_are_if_all_lie_beside_the_beats(late):
    piece = read_midi(MIDI_DATA / "reel.mid")
    notes = piece.notes
    notes["onset_steps"] += late
    found = infer_meter(piece.replace(notes=notes, unstated=frozenset(), original=None))
    off = late if late > 1 else 0  # a step late is a late player
    assert (found.pickup_steps - piece.pickup_steps - off) % piece.meters[0].bar_steps == 0
    assert any("beside the beats" in repair for repair in found.repairs) == (late > 1)
