"""Plans and prompts by themselves: what is chosen to change, and what the network is told of it."""

import numpy as np
import pytest
from small_composers import random_composer

from lstm_music.generate.planning.events import given_events
from lstm_music.generate.planning.from_request import new_programs
from lstm_music.generate.planning.plan import accompaniment, infilling, variation
from lstm_music.generate.planning.prompt import prompt_for
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes

BAR = 96


def scale(bars, **fields):
    rows = [(24 * i, 24, 60 + i % 5, 80, 0) for i in range(4 * bars)]
    return Piece(notes=make_notes(rows), tracks=(Track(),), **fields)


def varied_bars(rng_seed, amount):
    plan = variation(scale(8), "pitch", amount, (1, 8), None, rng_seed)
    return [place.start_steps // BAR for place in plan.places]


def test_a_new_rhythm_is_of_bars_that_follow_each_other():
    for rng_seed in range(20):
        bars = varied_bars(rng_seed, 0.5)
        assert bars == list(range(bars[0], bars[0] + 4))


def test_which_bars_get_a_new_rhythm_is_chance():
    assert {bars[0] for bars in (varied_bars(seed, 1 / 8) for seed in range(60))} == set(range(8))


@pytest.mark.parametrize("bars_before", [0, 70])
def test_changes_within_a_gap_at_which_no_note_begins_are_not_told(bars_before):
    """Nor in a piece that is longer than what the network reads of it."""
    n = bars_before
    places = (BAR + 6, BAR + 12, 2 * BAR + 6, 2 * BAR + 12, 5 * BAR + 6)
    lines = [n * BAR + at for at in places]
    seed = scale(
        n + 8,
        pedal=np.array([(at, 0, i % 2 == 0) for i, at in enumerate(lines)], PEDAL_DTYPE),
        tempos=(Tempo(0), *(Tempo(at, 400_000 + i % 2 * 300_000) for i, at in enumerate(lines))),
    )
    prompt = prompt_for(random_composer(1).engine, infilling(seed, (n + 3, n + 4), None))
    assert (prompt.offset > 0) == (bars_before > 0)
    told = [at for at in lines if not 2 * BAR <= at - n * BAR < 4 * BAR]
    assert (prompt.context.pedal["onset_steps"] + prompt.offset).tolist() == told
    assert [tempo.onset_steps + prompt.offset for tempo in prompt.context.tempos[1:]] == told


@pytest.mark.parametrize("asked", ["drums,violin", [128, 40], ["drums", "violin"]])
def test_new_tracks_are_named_after_their_instruments(asked):
    assert new_programs(asked) == [(128, "Drums"), (40, "Violin")]
    plan = accompaniment(scale(2), new_programs(asked), (1, 2))
    assert [(t.program, t.is_drum, t.name) for t in plan.given.tracks[1:]] == [
        (0, True, "Drums"),
        (40, False, "Violin"),
    ]


def test_slots_have_the_height_of_the_pitches_allowed_beside_pedal_and_tempos():
    """Below all that is allowed a slot comes before a kept note that is lower still."""
    piece = Piece(
        notes=make_notes([(24, 24, 50, 80, 0), (24, 24, 40, 80, 0)]),
        tracks=(Track(),),
        tempos=(Tempo(0), Tempo(24, 400_000)),
        pedal=np.array([(0, 0, True), (24, 0, False)], PEDAL_DTYPE),
    )
    is_slot = piece.notes["pitch_midi"] == 40
    allowed = np.zeros((1, 128), bool)
    allowed[0, 60:70] = True
    for limits, expected in ((None, [40, 50]), (allowed, [50, 40])):
        events = given_events(piece, is_slot, limits)
        assert events[events[:, 5] > 0][:, 3].tolist() == expected
