"""Fills keep their track's character, new tracks suit their instrument, empty tracks are filled."""

import mido
import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.planning.character import Character, character_of, character_of_new
from lstm_music.generate.planning.plan import infilling
from lstm_music.generate.planning.ruling import ruling_for
from lstm_music.generate.reporting.report import make_report
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.music.polyphony import most_together

BAND = MIDI_DATA / "band.mid"
COMPOSER = random_composer(3, met=PLAIN)


def test_a_track_is_known_by_its_own_notes():
    rows = [(24 * i, 24, 60 + i % 5, 80, 0) for i in range(16)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),))
    found = character_of(piece, 0)
    assert np.flatnonzero(found.pitches).tolist() == list(range(55, 70))
    assert (found.fewest, found.most, found.polyphony, found.longest) == (1, 10, 1, 24)
    assert character_of(piece.replace(notes=piece.notes[:7]), 0) is None


def test_a_melody_played_legato_is_one_voice():
    """Fingers lift a little late; once a fill of such a melody had two voices."""
    for late, voices in ((0, 1), (3, 1), (4, 2), (24, 2)):
        rows = [(24 * i, 24 + late * (i == 5), 60 + i % 5, 80, 0) for i in range(16)]
        piece = Piece(notes=make_notes(rows), tracks=(Track(),))
        assert character_of(piece, 0).polyphony == voices
    grace = [(24 * i, 2, 60 + 4 * j, 80, 0) for i in range(8) for j in range(2)]
    assert character_of(Piece(notes=make_notes(grace), tracks=(Track(),)), 0).polyphony == 2


def test_drums_struck_a_little_apart_are_struck_together():
    rows = [(24 * i + j, 3, 36 + 6 * j, 80, 0) for i in range(8) for j in range(3)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(is_drum=True),))
    assert character_of(piece, 0).polyphony == 3
    assert character_of(piece.replace(tracks=(Track(),)), 0).polyphony == 1


@pytest.mark.parametrize("track", [0, 1, 2, 3])
def test_a_fill_stays_in_character(track):
    seed = lm.read(BAND)
    mine = seed.notes[seed.notes["track"] == track]
    take = COMPOSER.complete(
        Request("infill", seed, bars="5-8", tracks=str(track + 1), rng_seed=1)
    )[0]
    assert len(take.new)
    pitches = take.new["pitch_midi"]
    if seed.tracks[track].is_drum:
        assert set(pitches.tolist()) <= set(mine["pitch_midi"].tolist())
    else:
        assert pitches.min() >= mine["pitch_midi"].min() - 5
        assert pitches.max() <= mine["pitch_midi"].max() + 5
        assert most_together(take.new) <= most_together(mine)


def report_of(**controls):
    ask = Request("infill", lm.read(BAND), bars="5-8", tracks="2,4", rng_seed=1, **controls)
    (take,) = COMPOSER.complete(ask)
    return take.report


def test_the_report_tells_of_it_as_it_is_on_unless_refused():
    row = report_of()["in_character"]
    assert row == {"asked": True, "came_out": {2: 0, 4: 0}, "kept": True}
    refused = report_of(in_character=False)["in_character"]
    assert refused == {"asked": False, "came_out": None, "kept": None}
    continued = COMPOSER.complete(Request("generate", lm.read(BAND), bars=1, rng_seed=1))[0]
    assert continued.report["in_character"]["came_out"] == {1: 0, 2: 0, 3: 0, 4: 0}
    nothing = COMPOSER.complete(Request("generate", bars=1, rng_seed=1))[0]
    assert "in_character" not in nothing.report


@pytest.mark.parametrize(
    ("wrong", "bounds"),
    [
        ("every pitch", {"pitches": np.arange(128) < 3}),
        ("every bar", {"most": 0}),
        ("every other bar", {"fewest": 3}),
        ("two together", {"polyphony": 1}),
        ("the long ones", {"longest": 12}),
        ("off the grid", {"grid": 8}),
    ],
)
def test_what_is_out_of_character_is_counted(wrong, bounds):
    """Two bars: one of four quarters, one of two notes together on its second 16th."""
    rows = [(24 * i, 24, 60, 80, 0) for i in range(4)] + [(102, 6, p, 80, 0) for p in (62, 64)]
    seed = Piece(notes=make_notes([(0, 192, 40, 80, 1)]), tracks=(Track(), Track(32)))
    new = make_notes(rows)
    piece = seed.replace(notes=np.concatenate([seed.notes, new]))
    loose = Character(np.ones(128, bool), fewest=0, most=9, polyphony=9)
    ask = Request("infill", seed, bars="1-2", tracks="1")
    plan = infilling(piece, (1, 2), (0,))
    count = {"every pitch": 6, "every bar": 2, "every other bar": 1, "two together": 1}
    count |= {"the long ones": 4, "off the grid": 2}
    for character, n in ((loose, 0), (loose._replace(**bounds), count[wrong])):
        ruling = ruling_for(ask, plan, characters={0: character})
        row = make_report(ask, ruling, plan, piece, new)["in_character"]
        assert row == {"asked": True, "came_out": {1: n}, "kept": n == 0}


def test_a_pickup_owes_no_onsets():
    seed = Piece(
        make_notes([(0, 12, 60, 80, 0), (12, 144, 62, 80, 0)]),
        (Track(),),
        meters=(Meter(0, 6, 8),),
        pickup_steps=12,
    )
    new = make_notes([(12 + 24 * i, 24, 60, 80, 0) for i in range(6)])
    ask = Request("infill", seed, bars="0-2")
    plan = infilling(seed, (0, 2), (0,))
    for fewest, n in ((3, 0), (4, 2)):
        character = Character(np.ones(128, bool), fewest=fewest, most=9, polyphony=9)
        ruling = ruling_for(ask, plan, characters={0: character})
        assert make_report(ask, ruling, plan, seed, new)["in_character"]["came_out"] == {1: n}


@pytest.mark.parametrize(
    ("control", "bounds"),
    [
        ({"max_density": 9}, {"most": 0}),
        ({"density": 4}, {"most": 0}),
        ({"min_density": 1}, {"fewest": 3}),
        ({"max_polyphony": 4}, {"polyphony": 1}),
        ({"max_duration": "1/4"}, {"longest": 12}),
        ({"grid": "1/16"}, {"grid": 8}),
    ],
)
def test_a_bound_of_the_request_holds_in_place_of_the_character(control, bounds):
    rows = [(24 * i, 24, 60, 80, 0) for i in range(4)] + [(102, 6, p, 80, 0) for p in (62, 64)]
    seed = Piece(notes=make_notes(rows), tracks=(Track(),))
    ask = Request("infill", seed, bars="1-2", **control)
    plan = infilling(seed, (1, 2), (0,))
    character = Character(np.ones(128, bool), fewest=0, most=9, polyphony=9)._replace(**bounds)
    ruling = ruling_for(ask, plan, characters={0: character})
    assert make_report(ask, ruling, plan, seed, seed.notes)["in_character"]["kept"] is True


def test_new_tracks_suit_their_instrument():
    bass = character_of_new(Track(33))
    assert bass.polyphony == 1
    low, high = SOUNDING_RANGES[33]
    assert np.flatnonzero(bass.pitches)[[0, -1]].tolist() == [low, high]
    assert character_of_new(Track(0)).is_played
    assert character_of_new(Track(is_drum=True)).fewest == 4
    take = COMPOSER.complete(
        Request("accompany", lm.read(MIDI_DATA / "reel.mid"), with_="bass,drums", rng_seed=2)
    )[0]
    places, _ = take.piece.bar_lines.places(take.new["onset_steps"])
    assert not (places % 6).any()  # the reel is in 16ths
    bars = take.piece.bar_lines.bars_at(take.new["onset_steps"])
    for number in (1, 2):
        assert set(bars[take.new["track"] == number].tolist()) == set(range(bars.max() + 1))


def test_an_empty_track_that_is_named_is_filled(tmp_path):
    file = mido.MidiFile(BAND)
    empty = [
        mido.MetaMessage("track_name", name="Strings"),
        mido.Message("program_change", channel=5, program=48),
    ]
    file.tracks.append(mido.MidiTrack(empty))
    file.save(tmp_path / "with-strings.mid")
    seed = lm.read(tmp_path / "with-strings.mid")
    out = COMPOSER.infill(seed, bars="1-4", tracks="strings", rng_seed=1)
    (tmp_path / "out.mid").write_bytes(to_midi_bytes(out))
    tracks = mido.MidiFile(tmp_path / "out.mid").tracks
    assert len(tracks) == len(file.tracks)
    notes = [m for m in tracks[-1] if m.type == "note_on" and m.velocity]
    assert notes
    assert {m.channel for m in notes} == {5}


def test_strange_music_is_told():
    engine = COMPOSER._engine
    known = lm.load("folk")._engine
    assert known.knows["folk"][0] < 3
    assert known.strangeness("folk", 12.0)[0].startswith("this music is unlike")
    assert known.strangeness("folk", 2.0) == ()
    assert engine.strangeness("folk", 99.0) == ()  # it does not tell what it knows
