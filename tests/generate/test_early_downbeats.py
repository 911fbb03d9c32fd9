"""Downbeats that are played before their bar line belong to the bar that begins with them."""

from dataclasses import replace

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import EVERYTHING, random_composer

import lstm_music as lm
from lstm_music.generate.asking.by_name import asked
from lstm_music.generate.complete import get_ready
from lstm_music.generate.compose import without_early_downbeats
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.bars import onsets_in_bars
from lstm_music.music.performance import Manner
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.seam import next_bar_steps

SCORES = replace(EVERYTHING, manners=dict.fromkeys(EVERYTHING.styles, Manner(0, 0, 0, 0, 0)))
"""Of a network that reads a performance as a score; the other reads it as it is played."""

BAR, EARLY, OPEN = 96, 2, (5, 6)
MET = pytest.mark.parametrize("met", [SCORES, EVERYTHING], ids=["as a score", "as played"])


def played():
    """Eight bars of eighths in two hands: each downbeat early, the other notes somewhat late."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(64):
        for track, pitch in enumerate((48 + i % 5, 72 + i % 7)):
            off = -EARLY if i % 8 == 0 else int(rng.integers(0, 3 - track))
            rows.append((max(12 * i + off, 0), 10, pitch, 80, track))
    return Piece(notes=make_notes(rows), tracks=(Track(), Track()))


def of_bars(piece, first, last, written=None):
    """The notes that a score would have in these bars."""
    onsets = onsets_in_bars(piece if written is None else written)
    return piece.notes[(onsets >= BAR * (first - 1)) & (onsets < BAR * last)]


def rows(notes):
    return {tuple(row) for row in notes.tolist()}


def test_an_early_downbeat_is_counted_to_its_bar():
    onsets = onsets_in_bars(played())
    assert np.unique(onsets).tolist() == list(range(0, 768, 12))
    assert all(len(of_bars(played(), bar, bar)) == 16 for bar in range(1, 9))


@MET
def test_it_goes_with_the_open_bars_and_stays_with_the_bar_after(met):
    seed = played()
    made = random_composer(met=met).infill(seed, bars=OPEN, rng_seed=1)
    kept, gone = (rows(seed.notes) - rows(of_bars(seed, *OPEN)), rows(of_bars(seed, *OPEN)))
    assert kept <= rows(made.notes)
    new = made.notes[[tuple(row) not in kept for row in made.notes.tolist()]]
    assert not gone & rows(new)
    assert new["onset_steps"].min() >= 4 * BAR
    assert (new["onset_steps"] + new["duration_steps"]).max() <= 6 * BAR + 12


@MET
@pytest.mark.parametrize("keep", ["rhythm", "pitch", "outline"])
def test_so_it_does_in_a_variation(met, keep):
    seed = played()
    made = random_composer(met=met).vary(seed, keep=keep, bars=OPEN, rng_seed=1)
    outside = rows(seed.notes) - rows(of_bars(seed, *OPEN))
    assert outside <= rows(made.notes)
    if keep == "outline":
        on_beat = onsets_in_bars(seed) % 24 == 0
        assert rows(seed.notes[on_beat]) <= rows(made.notes)
    if keep == "rhythm":
        names = ["onset_steps", "duration_steps", "track"]
        assert sorted(made.notes[names].tolist()) == sorted(seed.notes[names].tolist())
        early = made.notes[made.notes["onset_steps"] == 4 * BAR - EARLY]
        assert rows(early) != rows(seed.notes[seed.notes["onset_steps"] == 4 * BAR - EARLY])


@MET
def test_slots_keep_to_their_own_hands(met):
    """Whose notes begin in another order than their places have in the score."""
    ranges = {"pitch_range": "1:36-52,2:70-90", "rng_seed": 1}
    made = random_composer(met=met).vary(played(), keep="rhythm", bars=OPEN, **ranges)
    for track, (low, high) in enumerate(((36, 52), (70, 90))):
        pitches = made.notes["pitch_midi"][made.notes["track"] == track]
        assert low <= pitches.min() <= pitches.max() <= high


@MET
def test_from_a_bar_on_it_goes_with_that_bar(met):
    seed = lm.read(to_midi_bytes(played()))
    made = random_composer(met=met).generate(seed, from_bar=5, bars=2, rng_seed=1)
    kept = rows(of_bars(seed, 1, 4))
    assert kept <= rows(made.notes)
    assert all(row[0] >= 4 * BAR for row in rows(made.notes) - kept)
    again = lm.read(to_midi_bytes(made))
    assert len(again.notes) == len(made.notes)
    assert kept <= rows(again.notes)


def test_music_goes_on_after_the_bar_that_it_begins():
    seed = played()
    last = make_notes([(8 * BAR - EARLY, 1, 60, 80, 0)])
    longer = seed.replace(notes=np.concatenate([seed.notes, last]))
    assert next_bar_steps(longer) == 9 * BAR


def test_no_part_is_said_to_be_on_the_grid_that_is_read_as_played():
    """Two slots that would be one on the grid: the one is played a beat after its onset."""
    seed = played()
    twice = make_notes([(400, 4, 60, 80, 0, 0), (401, 4, 60, 80, 0, 0)])
    twice["timing_96ths"][0] = 4  # both at the same time
    seed = seed.replace(notes=np.concatenate([seed.notes, twice]))
    wanted = asked("vary", seed, None, keep="rhythm", bars=OPEN)
    prompt = get_ready(random_composer(met=SCORES)._engine, wanted, seed, 1).prompt
    assert (prompt.context.notes["onset_steps"] % 12).any()
    assert not any("on the grid" in remark for remark in prompt.remarks)


def test_notes_that_stand_twice_are_no_hindrance():
    """They are one to the network, played or on the grid."""
    seed = played()
    seed = seed.replace(notes=np.concatenate([seed.notes, seed.notes[70:72]]))
    wanted = asked("vary", seed, None, keep="rhythm", bars=OPEN)
    prompt = get_ready(random_composer(met=SCORES)._engine, wanted, seed, 1).prompt
    assert not (prompt.context.notes["onset_steps"] % 12).any()
    assert any("on the grid" in remark for remark in prompt.remarks)


def test_of_more_tracks_than_the_network_hears_the_rest_stay():
    lines = [(12 * i, 12, 40 + t, 80, t) for t in range(20) for i in range(32 - (t == 3))]
    seed = Piece(notes=make_notes(lines), tracks=tuple(Track(t) for t in range(20)))
    composer = random_composer()
    for made in (
        composer.vary(seed, keep="rhythm", bars=(2, 3), rng_seed=1),
        composer.infill(seed, bars=(2, 3), rng_seed=1),
    ):
        for track in (3, 17, 18, 19):
            mine = [piece.notes[piece.notes["track"] == track] for piece in (seed, made)]
            assert np.array_equal(*mine)


def test_no_new_stroke_is_the_downbeat_of_the_bar_after():
    """It would be read as a bar more, and a second fill would leave it beside its own."""
    seed = played()
    notes = make_notes(
        [
            (5 * BAR - EARLY, 10, 60, 80, 1),
            (5 * BAR - 6, 6, 62, 80, 1),
            (5 * BAR - EARLY, 9, 40, 80, 0),
        ]
    )
    rest = seed.notes[(seed.notes["onset_steps"] < 4 * BAR) | (seed.notes["onset_steps"] > 5 * BAR)]
    given = seed.replace(notes=rest)
    kept = without_early_downbeats(given, notes, [(1, 4 * BAR, 5 * BAR)])
    assert sorted(kept["pitch_midi"].tolist()) == [40, 62]  # 40 is in a track that is not open
    on_grid = Piece(notes=make_notes([(0, 12, 50, 80, 0)]), tracks=(Track(), Track()))
    assert len(without_early_downbeats(on_grid, notes[1:2], [(1, 4 * BAR, 5 * BAR)])) == 1


def test_played_drums_go_on_without_an_empty_bar():
    """A stroke on the last step was taken for a downbeat, and the next music began a bar later."""
    drums = lm.load("drums")
    seed = lm.read(MIDI_DATA / "drums.mid")
    for rng_seed in range(8):
        longer = drums.generate(seed, bars=2, rng_seed=rng_seed)
        again = lm.read(to_midi_bytes(longer))
        assert next_bar_steps(again) == longer.added_places[-1][2]
