"""Fills keep their track's character, new tracks suit their instrument, empty tracks are filled."""

import mido
import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.character import character_of, character_of_new
from lstm_music.generate.request import Request
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.instruments import SOUNDING_RANGES
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
