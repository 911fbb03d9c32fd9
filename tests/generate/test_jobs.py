"""What all drafts of a request share: where they begin, and whether they may end the piece."""

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import random_composer

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import get_ready
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.vocabulary import DEFAULT

SEED = lm.read(MIDI_DATA / "chorale.mid")


def fond_of(*kinds):
    """A composer that would rather write these tokens than any other."""
    plain = random_composer(2)
    for kind in kinds:
        plain.model.params["head.b"][DEFAULT[kind].start : DEFAULT[kind].stop] += 20
    return Composer(plain.model, plain.metadata, name="fond")


def drafts(composer, task, **controls):
    work = get_ready(composer._engine, Request(task, SEED, **controls), SEED, 1)
    return work, work.compose(Sampling(), 1, range(4), 1)


def test_a_continuation_may_end_the_piece_in_its_last_bar():
    _, found = drafts(fond_of("end"), "generate", bars=2)
    assert all(draft.has_ended for draft in found)


def test_nothing_ends_the_piece_from_within_it():
    last = SEED.bar_lines.bar_at(SEED.end_steps - 1) + 1
    for bars in ((3, 4), (last, last)):
        _, found = drafts(fond_of("end"), "infill", bars=bars, in_character=False)
        assert not any(draft.has_ended for draft in found)


@pytest.mark.parametrize(
    ("task", "controls", "pedals"),
    [("generate", {"bars": 2}, True), ("infill", {"tracks": "1"}, False)],
)
def test_pedalling_is_new_in_a_continuation_alone(task, controls, pedals):
    work, found = drafts(fond_of("pedal_down", "pedal_up"), task, **controls)
    new = [len(draft.score.pedal()) - len(work.base.score.pedal()) for draft in found]
    assert [n > 0 for n in new] == [pedals] * 4


def test_a_draft_pauses_after_as_many_notes_as_asked():
    work, _ = drafts(random_composer(2), "generate", bars=4)
    draft = work.begin(Sampling(), 1, 0)
    for more in (0, 1, 3, 1):
        before = draft.score.n_notes
        assert not draft.run(max_notes=more)
        assert draft.score.n_notes == before + more


def patient():
    """A composer that waits as long as it may, and holds its notes as long."""
    found = fond_of("shift")
    bias = found.model.params["head.b"]
    for kind in ("shift", "duration"):
        tokens = DEFAULT[kind]
        bias[tokens.start : tokens.stop] += 5.0 * np.arange(len(tokens))
    bias[DEFAULT["pedal_down"]] = -1e3
    return Composer(found.model, found.metadata, name="patient")


def written_after(seed, **controls):
    """Onsets from the start of the new music on, and durations."""
    composer = patient()
    request = Request("generate", seed, in_character=False, **controls)
    work = get_ready(composer.engine, request, seed, 1)
    (draft,) = work.compose(Sampling(), 1, [0], 1)
    notes = draft.score.notes()[work.base.score.n_notes :]
    onsets = notes["onset_steps"] - work.prompt.start_steps
    return onsets.tolist(), notes["duration_steps"].tolist()


def test_the_fewest_onsets_of_a_bar_are_due_evenly():
    """On the beat before the middle of their share; but the first note is at the start."""
    reel = lm.read(MIDI_DATA / "reel.mid").replace(meters=(Meter(0, 4, 4),))
    onsets, _ = written_after(reel, bars=3, min_density=2)
    assert sorted(set(onsets)) == [0, 72, 120, 168, 216, 264]


def test_a_note_lasts_until_the_next_is_due():
    reel = lm.read(MIDI_DATA / "reel.mid").replace(meters=(Meter(0, 4, 4),))
    onsets, durations = written_after(reel, bars=3, min_density=2, max_polyphony=1)
    assert onsets == [0, 72, 120, 168, 216, 264]
    assert durations[:-1] == [72, 48, 48, 48, 48]


def test_more_pitches_than_sixteenths_are_spread_over_the_bar():
    rows = [(4 * i, 4, 60 + i, 80, 0) for i in range(24)] + [(96, 96, 60, 80, 0)]
    seed = Piece(notes=make_notes(rows), tracks=(Track(),))
    request = Request("vary", seed, keep="pitch", bars=(1, 1))
    work = get_ready(patient().engine, request, seed, 1)
    (draft,) = work.compose(Sampling(), 1, [0], 1)
    onsets = [int(n["onset_steps"]) for n in draft.score.notes() if n["onset_steps"] < 96]
    assert onsets == list(range(0, 96, 4))
