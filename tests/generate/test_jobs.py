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


def test_the_fewest_onsets_of_a_bar_are_due_evenly():
    """Of a network that waits as long as it may: on the beat before the middle of their share."""
    patient = fond_of("shift")
    shifts = DEFAULT["shift"]
    patient.model.params["head.b"][shifts.start : shifts.stop] += 5.0 * np.arange(len(shifts))
    patient.model.params["head.b"][DEFAULT["pedal_down"]] = -1e3
    reel = lm.read(MIDI_DATA / "reel.mid").replace(meters=(Meter(0, 4, 4),))
    composer = Composer(patient.model, patient.metadata, name="patient")
    request = Request("generate", reel, bars=3, min_density=2, in_character=False)
    work = get_ready(composer.engine, request, reel, 1)
    (draft,) = work.compose(Sampling(), 1, [0], 1)
    notes = draft.score.notes()["onset_steps"]
    start, bar = work.prompt.start_steps, work.prompt.bar_steps
    assert bar == 96
    found = sorted(set((notes[notes >= start] - start).tolist()))
    assert found == [0, 72, 120, 168, 216, 264]  # the first note is at the start
