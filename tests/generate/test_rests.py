"""In chorales from nothing parts keep their ranges and rest on triads that stand on their root."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.generate.drafting import DraftWriter
from lstm_music.music.harmony.rests import chords_at_rest

SATB = ((60, 79), (55, 74), (50, 68), (36, 62))
"""What the bundled model has counted in the chorales that it was trained on."""


@pytest.fixture(scope="module")
def takes():
    ask = lm.Request(bars=8, style="chorale", n=40, rng_seed=1, ending="free", drafts=1)
    return lm.load("chorale").complete(ask)


def test_most_chords_at_rest_stand_on_their_root(takes):
    found = [on_root for take in takes for _, on_root in chords_at_rest(take.piece)]
    assert len(found) > 20
    assert np.mean(found) >= 0.8  # 0.44 where it is not looked at


def test_voices_keep_their_ranges(takes):
    n_checked = 0
    for take in takes:
        notes, report = take.piece.notes, take.report
        if "in_character" not in report:  # written for more voices than four, of which some rest
            continue
        for track, (low, high) in enumerate(SATB):
            mine = notes["pitch_midi"][notes["track"] == track]
            assert low <= mine.min() <= mine.max() <= high
        assert report["in_character"]["kept"]
        n_checked += 1
    assert n_checked > 20


def test_a_range_that_is_asked_for_goes_first():
    ask = {"bars": 2, "style": "chorale", "rng_seed": 1, "ending": "free", "drafts": 1}
    piece = lm.load("chorale").generate(pitch_range={1: (80, 90)}, **ask)
    assert piece.notes["pitch_midi"][piece.notes["track"] == 0].min() >= 80


def test_a_chorale_with_a_silent_part_is_drawn_again(monkeypatch):
    """A part that no note was written for would be left out of the finished piece."""
    finished, pieces = DraftWriter._finished, []

    def first_without_bass(self, generator):
        piece = finished(self, generator)
        pieces.append(piece)
        if len(pieces) > 1:
            return piece
        notes = piece.notes[piece.notes["track"] < 3]
        return piece.replace(notes=notes, tracks=piece.tracks[:3])

    monkeypatch.setattr(DraftWriter, "_finished", first_without_bass)
    piece = lm.load("chorale").generate(bars=4, style="chorale", rng_seed=1)
    assert len(pieces) > 1
    assert len(piece.tracks) == 4
