"""Seeds that are performances: the network reads a score, and the new music is played alike."""

import io
from dataclasses import replace

import mido
import numpy as np
import pytest
from small_composers import EVERYTHING, random_composer
from smf_events import seed_stands

import lstm_music as lm
from lstm_music.generate.dynamics import near
from lstm_music.generate.performing import pedalled, usual_tempo
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.hearing import as_written
from lstm_music.music.performance import Manner
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes

SCORES = replace(EVERYTHING, manners=dict.fromkeys(EVERYTHING.styles, Manner(0, 0, 0, 0, 0)))
"""Of a network that has met no performance."""

PLAYERS = replace(
    EVERYTHING, manners={style: Manner(1, 1, 1, 99, 1) for style in EVERYTHING.styles}
)


def score():
    """Eight bars of chords in eighths, as written."""
    rows = [(12 * i, 12, 48 + 4 * (i % 3) + j, 80, 0) for i in range(64) for j in (0, 7, 12)]
    return Piece(notes=make_notes(rows), tracks=(Track(),))


def played(late=0, rng_seed=1):
    """The same, played: every onset beside the grid, no two notes alike, with pedal."""
    rng = np.random.default_rng(rng_seed)
    notes = score().notes
    notes["onset_steps"] += rng.choice([0, 0, 1], len(notes)) + late
    notes["duration_steps"] = rng.integers(8, 12, len(notes))
    notes["velocity"] = rng.integers(40, 100, len(notes))
    pedal = [row for i in range(16) for row in ((48 * i, 0, i == 0), (48 * i + 5, 0, True))]
    pedal = [(onset, track, down) for onset, track, down in pedal if onset or down]
    tempos = tuple(Tempo(48 * i, 500_000 + 9_000 * (i % 2)) for i in range(16))
    return Piece(notes=notes, tracks=(Track(),), pedal=np.array(pedal, PEDAL_DTYPE), tempos=tempos)


def engine(met):
    return random_composer(met=met)._engine


def test_a_network_of_scores_reads_a_performance_as_one():
    told = engine(SCORES).as_heard(played())
    assert len(set(told.notes["velocity"].tolist())) == 1
    assert len(told.pedal) == 0
    assert len(told.tempos) == 1
    before_the_last = told.notes[told.notes["onset_steps"] < 750]
    assert set(before_the_last["duration_steps"].tolist()) == {12}


def test_a_network_of_performances_reads_it_as_it_is():
    told = as_written(played(), engine(PLAYERS).played(played()))
    assert np.array_equal(told.notes, played().notes)
    assert np.array_equal(told.pedal, played().pedal)
    assert told.tempos == played().tempos


def test_a_network_that_does_not_tell_reads_it_as_it_is():
    told = as_written(played(), engine(EVERYTHING).played(played()))
    assert np.array_equal(told.notes, played().notes)


def test_a_score_is_read_as_it_is():
    assert not any(engine(SCORES).played(score()))
    assert np.array_equal(engine(SCORES).as_heard(score()).notes, score().notes)


@pytest.mark.parametrize("share", [0.0, 0.04])
def test_a_few_accents_are_no_performance(share):
    notes = score().notes
    notes["velocity"][: round(share * len(notes))] += 20
    assert not engine(SCORES).played(score().replace(notes=notes)).loudness


def test_what_is_read_otherwise_is_said():
    (remark,) = engine(SCORES).played(played()).remarks
    for way in (
        "on the grid",
        "even loudness",
        "without the pedal",
        "one tempo",
        "lengths of a score",
    ):
        assert way in remark
    assert engine(SCORES).played(score()).remarks == ()


def prompt_of(piece, met=SCORES, **request):
    """What a composer reads of a piece."""
    from lstm_music.generate.asking.by_name import asked
    from lstm_music.generate.complete import get_ready

    composer = random_composer(met=met)
    wanted = asked("infill", piece, None, **request)
    return get_ready(composer._engine, wanted, piece, 1).prompt


def test_onsets_are_read_on_the_grid():
    prompt = prompt_of(played(), bars=(5, 6))
    assert set((prompt.context.notes["onset_steps"] % 12).tolist()) == {0}
    assert prompt.late_steps == 0


def test_a_network_of_performances_reads_onsets_as_they_are():
    prompt = prompt_of(played(late=1), met=PLAYERS, bars=(5, 6))
    assert set((prompt.context.notes["onset_steps"] % 12).tolist()) == {1, 2}
    assert prompt.late_steps == 0


def test_the_new_notes_are_as_late_as_those_of_the_seed():
    prompt = prompt_of(played(late=1), bars=(5, 6))
    assert set((prompt.context.notes["onset_steps"] % 12).tolist()) == {0}
    assert prompt.late_steps == 1
    moved = prompt.in_plan(make_notes([(384, 12, 60, 80, 0), (575, 12, 60, 80, 0)]))
    assert moved["onset_steps"].tolist() == [385, 575]  # never beyond the open bars


@pytest.mark.parametrize("rng_seed", range(4))
@pytest.mark.parametrize("task", ["generate", "infill", "vary"])
def test_a_performance_stands_event_by_event(task, rng_seed):
    seed = to_midi_bytes(played(late=1, rng_seed=rng_seed))
    composer = random_composer(met=SCORES)
    if task == "generate":
        made = composer.generate(seed, bars=2, rng_seed=rng_seed)
        assert seed_stands(seed, to_midi_bytes(made)) == []
    else:
        open_bars = {"bars": (5, 6), "rng_seed": rng_seed}
        more = {"keep": "rhythm"} if task == "vary" else {}
        made = getattr(composer, task)(seed, **open_bars, **more)
        before, after = lm.read(seed).notes, made.notes
        for side in (before, after):
            assert len(side)
        outside = [n[(n["onset_steps"] < 384) | (n["onset_steps"] >= 576)] for n in (before, after)]
        assert np.array_equal(*outside)
    lm.read(to_midi_bytes(made))


def test_no_new_note_overlaps_a_given_one_of_its_key():
    for rng_seed in range(5):
        made = random_composer(met=SCORES).infill(played(1), bars=(5, 6), rng_seed=rng_seed)
        order = np.lexsort([made.notes["onset_steps"], made.notes["pitch_midi"]])
        notes = made.notes[order]
        same = notes["pitch_midi"][1:] == notes["pitch_midi"][:-1]
        ends = notes["onset_steps"][:-1] + notes["duration_steps"][:-1]
        touching = same & (ends > notes["onset_steps"][1:])
        given = played(1).notes
        order = np.lexsort([given["onset_steps"], given["pitch_midi"]])
        before = given[order]
        same = before["pitch_midi"][1:] == before["pitch_midi"][:-1]
        ends = before["onset_steps"][:-1] + before["duration_steps"][:-1]
        assert touching.sum() <= (same & (ends > before["onset_steps"][1:])).sum()


def test_new_music_is_pedalled_like_the_seed():
    notes = make_notes([(768 + 12 * i, 12, 60, 80, 0) for i in range(16)])
    pedal = pedalled(played(), notes, 768, 960)
    rows = [tuple(map(int, row)) for row in pedal]
    # Twice a bar, down again a few steps after the chord; up at the end.
    ups = [onset for onset, _, down in rows if not down]
    assert ups == [768, 816, 864, 912, 960]
    delays = {onset - up for up, (onset, _, down) in zip(ups, rows[1::2]) if down}
    assert delays in ({5}, {4, 5}, {4})


def test_a_continuation_of_a_pedalled_performance_has_pedal_and_lifts_it():
    made = random_composer(met=SCORES).generate(played(), bars=2, rng_seed=1)
    new = made.pedal[made.pedal["onset_steps"] >= 768]
    assert new["down"].any()
    assert not new["down"][-1]


def test_what_the_seed_leaves_down_is_lifted_where_the_new_music_begins():
    pedal = pedalled(played(), make_notes([]), 768, 960)
    assert [tuple(map(int, row)) for row in pedal] == [(768, 0, 0), (960, 0, 0)]
    late = pedalled(played(), make_notes([(780, 12, 60, 80, 0)]), 768, 960)
    assert [tuple(map(int, row))[::2] for row in late][:2] == [(768, 0), (780, 0)]


def test_the_tempo_is_the_usual_one_after_a_ritardando():
    slower = (*played().tempos, Tempo(760, 1_500_000))
    assert usual_tempo(score().replace(tempos=slower), 768) == (Tempo(768, 500_000),)


def test_there_is_no_new_tempo_where_it_is_the_same_or_notes_still_sound():
    assert usual_tempo(played().replace(notes=score().notes), 768) == ()
    slower = score().replace(tempos=(*played().tempos, Tempo(760, 1_500_000)))
    assert usual_tempo(slower, 760) == ()
    assert usual_tempo(slower, 750) == ()


def test_a_file_that_slows_down_goes_on_at_its_usual_tempo():
    seed = to_midi_bytes(score().replace(tempos=(*played().tempos, Tempo(760, 1_500_000))))
    made = to_midi_bytes(random_composer(met=SCORES).generate(seed, bars=2, rng_seed=1))
    assert seed_stands(seed, made) == []
    tempos = [
        m.tempo for m in mido.MidiFile(file=io.BytesIO(made)).tracks[0] if m.type == "set_tempo"
    ]
    assert tempos[-2:] == [1_500_000, 500_000]


def test_so_do_its_new_bars_alone():
    seed = to_midi_bytes(score().replace(tempos=(*played().tempos, Tempo(760, 1_500_000))))
    composer = random_composer(met=SCORES)
    made = to_midi_bytes(composer.generate(seed, bars=2, rng_seed=1, include_seed=False))
    tempos = [m.tempo for m in mido.MidiFile(file=io.BytesIO(made)) if m.type == "set_tempo"]
    assert tempos == [500_000]


def test_notes_near_a_place_tell_how_loud_it_is():
    rows = [(48 * i, 24, 60, 30 + i // 2, 0) for i in range(160)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),))
    assert near(piece, 96 * 70).notes["velocity"].min() == 30 + 54
    few = piece.replace(notes=piece.notes[::16])
    assert len(near(few, 96 * 70).notes) == len(few.notes)


def pressed(*changes):
    return played().replace(pedal=np.array(sorted(changes), PEDAL_DTYPE))


def test_hands_that_share_a_pedal_press_it_together():
    both = [
        (48 * i + late, track, down)
        for i in range(16)
        for late, down in ((0, False), (5, True))
        for track in (0, 1)
    ]
    seed = pressed(*both[2:]).replace(tracks=(Track(), Track()))
    right = [(768 + 24 * i, 24, 72, 80, 0) for i in range(8)]
    left = [(776 + 48 * i, 24, 48, 80, 1) for i in range(4)]
    rows = pedalled(seed, make_notes(right + left), 768, 960)[["onset_steps", "down"]]
    assert rows[0::2].tolist() == rows[1::2].tolist()


def test_half_a_pedal_is_one_press():
    halves = [(96 * i + k, 0, True) for i in range(8) for k in (5, 6, 7, 8)]
    lifts = [(96 * i, 0, False) for i in range(1, 8)]
    notes = make_notes([(768 + 12 * i, 12, 60, 80, 0) for i in range(16)])
    pedal = pedalled(pressed(*halves, *lifts), notes, 768, 960)
    assert pedal["onset_steps"][pedal["down"]].tolist() in ([772, 868], [773, 869])


def test_a_pedal_that_is_hardly_used_is_lifted_and_rests():
    notes = make_notes([(768 + 12 * i, 12, 60, 80, 0) for i in range(16)])
    pedal = pedalled(pressed((5, 0, True)), notes, 768, 960)
    assert not pedal["down"].any()


@pytest.mark.parametrize("rng_seed", range(8))
def test_no_continuation_ends_with_its_pedal_down(rng_seed):
    seed = score().replace(pedal=np.array([(0, 0, True)], PEDAL_DTYPE))
    made = random_composer(met=EVERYTHING).generate(seed, bars=2, rng_seed=rng_seed)
    assert not made.pedal["down"][-1]


def test_timing_is_named_only_where_it_is_not_read():
    seed = played(late=1)
    notes = seed.notes
    notes["timing_96ths"] = 1
    kinds = tuple(kind for kind in SCORES.kinds if kind != "timing")
    prompt = prompt_of(seed.replace(notes=notes), met=replace(SCORES, kinds=kinds), bars=(5, 6))
    assert any("on the grid" in remark for remark in prompt.remarks)
    assert not any("timing" in remark for remark in prompt.remarks)
