"""What tokens can carry, one rule at a time."""

import numpy as np
import pytest

from lstm_music.errors import TokenError
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.tokens.canonical import canonical


def piece(*notes, tracks=1, pedal=(), **fields):
    rows = [(*note, 60, 84, 0)[:5] if len(note) < 3 else note for note in notes]
    return Piece(
        make_notes(rows),
        tuple(Track(i) for i in range(tracks)),
        pedal=np.array(list(pedal), PEDAL_DTYPE),
        **fields,
    )


def test_a_note_ends_where_its_key_is_struck_again():
    notes = canonical(piece((0, 50), (20, 100), (30, 5))).notes
    assert notes["onset_steps"].tolist() == [0, 20, 30]
    assert notes["duration_steps"].tolist() == [20, 10, 5]


def test_other_keys_and_tracks_do_not_end_a_note():
    rows = [(0, 50, 60, 84, 0), (20, 9, 61, 84, 0), (20, 9, 60, 84, 1)]
    assert np.array_equal(canonical(piece(*rows, tracks=2)).notes, make_notes(rows)[[0, 1, 2]])


def test_notes_at_one_place_become_the_longest_and_loudest():
    notes = canonical(piece((0, 5, 60, 100, 0), (0, 9, 60, 20, 0), (0, 9, 60, 20, 0))).notes
    assert notes.tolist() == [(0, 9, 60, 100, 0, 0)]


@pytest.mark.parametrize(("velocity", "centre"), [(1, 4), (7, 4), (8, 12), (80, 84), (127, 124)])
def test_velocities_move_to_the_centre_of_their_bin(velocity, centre):
    assert canonical(piece((0, 1, 60, velocity, 0))).notes["velocity"].tolist() == [centre]


@pytest.mark.parametrize(
    ("bpm", "centre"), [(120, 120), (123, 120), (124, 127.1), (4, 30), (900, 240), (60, 60)]
)
def test_tempos_move_to_the_centre_of_their_bin(bpm, centre):
    tempos = canonical(piece((0, 1), tempos=(Tempo.from_bpm(bpm),))).tempos
    assert tempos[0].tempo_bpm == pytest.approx(centre, abs=0.05)


def test_tempos_that_change_nothing_go():
    tempos = (Tempo(0), Tempo(5, 500_001), Tempo(6, 250_000), Tempo(7, 500_000))
    kept = canonical(piece((0, 1), (9, 1), tempos=tempos)).tempos
    assert [tempo.onset_steps for tempo in kept] == [0, 6, 7]


def test_a_meter_said_again_goes_unless_it_cuts_a_bar():
    meters = tuple(Meter(onset, 4, 4) for onset in (0, 12, 108, 120, 216))
    kept = canonical(piece((0, 1), (300, 1), meters=meters, pickup_steps=12)).meters
    assert [meter.onset_steps for meter in kept] == [0, 120]


def test_meters_and_tempos_after_the_last_note_go():
    meters = (Meter(0, 4, 4), Meter(30, 3, 4), Meter(40, 2, 4))
    tempos = (Tempo(0), Tempo(30, 300_000), Tempo(31, 400_000))
    kept = canonical(piece((0, 1), (30, 90), meters=meters, tempos=tempos))
    assert kept.meters == meters[:2]
    assert kept.tempos[-1].onset_steps == 30


def test_the_16_busiest_tracks_stay_in_order():
    rows = [(10 * i, 1, 60, 84, track) for track in range(18) for i in range(1 + (track != 3))]
    small = canonical(piece(*rows, tracks=20))
    assert [track.program for track in small.tracks] == [0, 1, 2, *range(4, 17)]
    assert small.notes["track"].max() == 15
    assert small.repairs == ("dropped 2 of 18 tracks, those with the fewest notes",)


def test_tracks_without_notes_go_with_their_pedal():
    pedal = [(0, 0, True), (1, 1, True)]
    small = canonical(piece((0, 1, 60, 84, 1), tracks=3, pedal=pedal))
    assert [track.program for track in small.tracks] == [1]
    assert small.pedal.tolist() == [(1, 0, True)]
    assert small.repairs == ()


def test_names_title_source_and_drum_programs_go():
    named = piece((0, 1)).replace(
        tracks=(Track(7, True, "Kit"),), title="T", source="s", max_timing_error_steps=0.5
    )
    small = canonical(named)
    assert small.tracks == (Track(0, True, ""),)
    assert (small.title, small.source, small.max_timing_error_steps) == ("", "", 0.0)


@pytest.mark.parametrize(("style", "kept"), [("folk", "folk"), ("polka", ""), ("", "")])
def test_styles_without_a_token_become_unknown(style, kept):
    assert canonical(piece((0, 1), style=style)).style == kept


@pytest.mark.parametrize(
    ("before", "at_onset", "after"),
    [
        ([], [True], [True]),
        ([], [False], []),
        ([], [True, False], []),
        ([True], [False], [False]),
        ([True], [True], []),
        ([True], [False, True], [False, True]),
        ([True], [False, True, False, True], [False, True]),
        ([True], [False, True, False], [False]),
        ([True], [True, False], [False]),
    ],
)
def test_pedal_is_reduced_to_what_it_does(before, at_onset, after):
    pedal = [*((0, 0, down) for down in before), *((5, 0, down) for down in at_onset)]
    small = canonical(piece((0, 9), pedal=pedal))
    assert [row["down"] for row in small.pedal if row["onset_steps"] == 5] == after


def test_a_pedal_lifted_after_the_last_note_stays():
    small = canonical(piece((0, 9), pedal=[(0, 0, True), (9, 0, False)]))
    assert small.pedal["onset_steps"].tolist() == [0, 9]


def test_a_gap_of_64_whole_notes_stays_and_a_longer_one_ends_the_piece():
    assert len(canonical(piece((0, 1), (6144, 1))).notes) == 2
    cut = canonical(piece((0, 1), (6145, 1), (6150, 1)))
    assert len(cut.notes) == 1
    assert cut.repairs == ("dropped 2 notes after a gap of over 64 whole notes at step 0",)
    bridged = canonical(piece((0, 1), (6145, 1), tempos=(Tempo(0), Tempo(6000, 10**6))))
    assert len(bridged.notes) == 2


def test_a_cut_that_empties_a_track_can_lead_to_another():
    # Track 1's pedal bridges the way to 9000, but its only note lies beyond the gap.
    rows = [(0, 1, 60, 84, 0), (9000, 1, 60, 84, 0), (20_000, 1, 60, 84, 1)]
    small = canonical(piece(*rows, tracks=2, pedal=[(5000, 1, True)]))
    assert small.notes["onset_steps"].tolist() == [0]
    assert len(small.repairs) == 2


def test_no_note_lasts_over_64_whole_notes():
    assert canonical(piece((0, 99_999))).notes["duration_steps"].tolist() == [6144]


def test_a_pitch_that_is_none_is_refused():
    with pytest.raises(TokenError, match=r"0\.\.127, got 128"):
        canonical(piece((0, 1, 128, 84, 0)))
