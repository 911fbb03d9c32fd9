"""Sections return as asked: note for note, varied at their end, with nothing hanging between."""

import numpy as np
import pytest
from small_composers import EVERYTHING, PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.forms.plan import (
    FormPlan,
    Return,
    drawn_form,
    form_faults,
    planned_form,
)
from lstm_music.music.form import EQUAL, FRESH, Bar, Label, bars_of, blocks_alike, goes_in_circles
from lstm_music.music.form_model import FormModel
from lstm_music.music.form_text import fit_form, form_text, parse_form
from lstm_music.music.harmony.cadence import ends_on_tonic
from lstm_music.music.piece import Piece, Track, make_notes

BAR = 96


@pytest.fixture(scope="module")
def folk():
    return lm.load("folk")


@pytest.fixture(scope="module")
def wild():
    """Says all that tokens can say: pedal, timing, loudness, several tracks."""
    return random_composer(3, met=EVERYTHING)


def hangs(piece, start=0):
    """Keys that are struck while they sound, and notes that ring over the end."""
    last, wrong = {}, 0
    for note in piece.notes[piece.notes["onset_steps"] >= start]:
        key = int(note["track"]), int(note["pitch_midi"])
        onset = int(note["onset_steps"])
        wrong += last.get(key, 0) > onset
        last[key] = onset + int(note["duration_steps"])
    return wrong + sum(end > piece.length_steps for end in last.values())


def test_which_bars_return_to_which():
    plan = planned_form(fit_form("A4 B2 A4 A'4 A'3 B3", 20))
    a, b = [Return(i) for i in range(4)], [Return(4), Return(5)]
    varied = [*a[:3], None]
    again = [Return(10), Return(11), Return(12)]
    assert list(plan.returns) == [None] * 6 + a + varied + again + [*b, None]
    (_, short) = planned_form(fit_form("AA'", 2)).returns
    assert short == Return(0, is_varied=True)


def test_a_form_from_nothing_is_drawn_again_until_it_does_not_go_in_circles():
    tune = [Label(FRESH)] * 8
    returns = [Label(EQUAL, 8)] * 8
    whole, half = [*tune, *returns], [*tune, *returns[:4], *tune[:4]]
    forms = FormModel.count([("folk", labels) for labels in (whole, half)] * 20)
    drawn = (forms, "folk", 16)
    free = [
        drawn_form(*drawn, np.random.default_rng(i), [], BAR, lambda bar, source: True)
        for i in range(100)
    ]
    assert not any(goes_in_circles(form.roots()) for form in free)
    assert sum(any(form.returns) for form in free) > 50
    seed = [Bar(BAR, frozenset({(0, 0, 60 + i, 24)})) for i in range(8)]
    after = [
        drawn_form(*drawn, np.random.default_rng(i), seed, BAR, lambda bar, source: True)
        for i in range(100)
    ]
    assert sum(map(all, (form.returns[:8] for form in after))) > 10  # what a seed begins may go on


def test_a_draft_that_goes_in_circles_has_a_fault_unless_its_sections_are_named():
    def piece(bars, is_drum=False):
        rows = [(BAR * i, 24, pitch, 80, 0) for i, pitch in enumerate(bars) if pitch]
        return Piece(
            notes=make_notes(rows),
            tracks=(Track(is_drum=is_drum),),
            length_steps=BAR * len(bars),
        )

    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    assert form_faults(None, piece(scale * 2)) == 1
    assert form_faults(FormPlan((None,) * 16), piece([50] * 16)) == 1
    assert form_faults(None, piece(scale + scale[:4] + [40, 41, 42, 43])) == 0
    assert form_faults(None, piece([50] * 3 + [0] * 13)) == 0  # silence is no circle
    assert form_faults(None, piece(scale[:4] * 3)) == 1
    assert form_faults(None, piece(scale[:4] * 2 + scale[4:])) == 0
    assert form_faults(None, piece(scale[:4] * 2)) == 0  # a phrase may come twice
    assert form_faults(None, piece([50, 52] * 3)) == 1
    assert form_faults(None, piece([50] * 5)) == 1
    assert form_faults(None, piece([50] * 4)) == 0
    assert form_faults(None, piece(scale * 2, is_drum=True)) == 0
    assert form_faults(planned_form(fit_form("AA", 16)), piece(scale * 2)) == 0
    assert form_faults(planned_form(fit_form("AA'", 16)), piece(scale * 2)) == 1


def test_of_drafts_from_nothing_one_that_does_not_go_in_circles_is_kept():
    cold = {"temperature": 0.9, "top_p": 0.9, "ending": "free", "voice_leading": "free"}
    ask = {"style": "hymn", "bars": 12, "n": 10, "rng_seed": 1, "form": "none"} | cold

    def faults(**drafts):
        return [form_faults(None, piece) for piece in lm.load().generate_many(**ask, **drafts)]

    assert sum(faults(drafts=1)) > sum(faults()) == 0


def test_a_hundred_forms_return_note_for_note(folk):
    ask = {"n": 50, "rng_seed": 1, "drafts": 1, "ending": "free"}
    for form, bars in (("AABA", 16), ("ABAB", 16)):
        for take in folk.complete(lm.Request(form=form, bars=bars, **ask)):
            found = bars_of(take.piece, bars)
            assert found[8:12] == found[:4] or form == "AABA"
            assert found[12:] == (found[:4] if form == "AABA" else found[4:8])
            assert form == "ABAB" or found[4:8] == found[:4]
            assert hangs(take.piece) == 0
            assert take.report["form"]["came_out"]["returned"] == 1.0
            assert take.report["form"]["kept"]


def test_a_prime_differs_but_resembles(folk):
    for take in folk.complete(lm.Request(form="ABB'", bars=24, n=20, rng_seed=2)):
        found = bars_of(take.piece, 24)
        assert found[16:22] == found[8:14]
        assert found[16:] != found[8:16]
        assert blocks_alike(found[16:], found[8:16]) > 0.5


def test_other_letters_are_other_music(folk):
    """A network that likes to go round in circles is drawn again until it has something new."""
    takes = folk.complete(lm.Request(form="AABA", bars=32, n=20, rng_seed=3))
    forms = [take.report["form"]["came_out"]["form"] for take in takes]
    assert sum(form in {"AABA", "AABA'"} for form in forms) >= 18


@pytest.mark.parametrize("met", [EVERYTHING, PLAIN])
def test_all_tracks_return_and_nothing_hangs(met):
    model = random_composer(5, met=met)
    ask = {"bars": 6, "meter": "3/4", "ending": "free", "drafts": 1, "n": 10, "rng_seed": 4}
    for form in ("ABABAB", "AAB", "AA'A"):
        for take in model.complete(lm.Request(form=form, with_="piano,violin,drums", **ask)):
            assert take.report["form"]["came_out"]["returned"] == 1.0
            assert hangs(take.piece) == 0
            for track in range(3):
                downs = take.piece.pedal["down"][take.piece.pedal["track"] == track]
                assert (downs[1:] != downs[:-1]).all()


def test_the_ending_goes_before_the_form_and_the_report_says_so(folk):
    takes = folk.complete(lm.Request(form="AABA", bars=16, n=30, rng_seed=5, key="D minor"))
    for take in takes:
        assert take.report["form"]["came_out"]["differ"] in ([], [16])
        assert take.report["form"]["kept"]
    from lstm_music.music.harmony.cadence import ends_on_tonic

    assert all(ends_on_tonic(take.piece) for take in takes)


@pytest.mark.parametrize("form", ["AABA", "AB'".replace("B'", "A'"), "auto"])
def test_one_result_for_any_number_of_threads(folk, form):
    ask = {"form": form, "bars": 16, "n": 5, "rng_seed": 6}
    many = [take.piece for take in folk.complete(lm.Request(threads=1, **ask))]
    assert [take.piece for take in folk.complete(lm.Request(threads=3, **ask))] == many
    assert folk.generate(form=form, bars=16, rng_seed=6) == many[0]


def seed(bars=4):
    rows = [(24 * i, 24, 60 + (5 * i) % 12, 80, 0) for i in range(4 * bars)]
    return Piece(notes=make_notes(rows), tracks=(Track(),), key=lm.Key(0))


@pytest.mark.parametrize("form", ["ABA", "A4 A4' A4", "auto"])
def test_a_continuation_has_a_form_and_leaves_the_seed(folk, form):
    given = seed()
    for take in folk.complete(lm.Request(seed=given, form=form, bars=12, n=5, rng_seed=7)):
        before = take.piece.notes["onset_steps"] < 4 * 96
        assert np.array_equal(take.piece.notes[before], given.notes)
        assert hangs(take.piece) == 0
        assert take.report["form"]["came_out"]["returned"] == 1.0 or form == "auto"
        assert take.piece.length_steps == 16 * 96


def test_a_continuation_may_return_to_its_seed(folk):
    """Of twenty drawn forms some go back to bars of the seed."""
    takes = folk.complete(lm.Request(seed=seed(8), form="auto", bars=8, n=20, rng_seed=8))
    bars = [bars_of(take.piece, 16) for take in takes]
    assert any(bar in found[:8] for found in bars for bar in found[8:] if bar.notes)


def test_a_stretch_of_a_wild_network_is_a_continuation_too(wild):
    ask = {"bars": 8, "form": "ABAB", "n": 5, "rng_seed": 9, "drafts": 1}
    for take in wild.complete(lm.Request(seed=seed(), **ask)):
        assert take.report["form"]["came_out"]["returned"] == 1.0
        assert hangs(take.piece) == 0


def test_the_form_of_a_file(folk, tmp_path):
    tune = folk.generate(form="AABA", bars=32, rng_seed=10, ending="free")
    path = tmp_path / "tune.mid"
    tune.write(path)
    first = lm.Request(form_of=str(path), n=1, rng_seed=11, ending="free")
    (take,) = folk.complete(first)
    assert form_text(parse_form(take.report["form"]["asked"])) == "AABA"
    assert take.piece.notes.tolist() != tune.notes.tolist()
    assert take.report["form"]["came_out"]["returned"] == 1.0
    (short,) = folk.complete(lm.Request(form_of=tune, bars=16, rng_seed=11))
    assert short.report["form"]["asked"] == "AABA"


def test_what_returns_at_a_free_ending_may_end_anywhere(folk):
    """Only a piece that is to close is drawn again until the bars that return last do."""
    ask = {"n": 12, "form": "AA", "bars": 4, "key": "D major", "meter": "6/8", "rng_seed": 1}
    pieces = folk.generate_many(ending="free", **ask)
    assert np.mean([ends_on_tonic(piece) for piece in pieces]) <= 0.7


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"form": "AABA", "bars": 3}, "4 sections, which need 4 bars"),
        ({"form": "AABA", "bars": 18}, "ask for 16 or 20 bars"),
        ({"form": "A8 B8", "bars": 8}, "has 16 bars, but bars is 8"),
        ({"form": "AB'"}, "B' varies B"),
        ({"form": "AA", "beam": 2}, "beam cannot be combined with a form"),
        ({"form": "AA", "form_of": "x.mid"}, "not both"),
        ({"task": "vary", "seed": seed(), "keep": "rhythm", "form": "AA"}, "form is for generate"),
        ({"task": "infill", "seed": seed(), "bars": 2, "form": "AA"}, "form is for generate"),
    ],
)
def test_what_cannot_be_is_said_at_once(controls, message):
    with pytest.raises(lm.ConfigError, match=message):
        lm.Request(**controls)


def test_chords_must_return_too(folk):
    with pytest.raises(lm.ConfigError, match="other chords"):
        folk.generate(form="AA", bars=4, chords="C | G | F | G")
    out = folk.generate(form="AA", bars=4, chords="C | G | C | G", rng_seed=1, ending="free")
    assert bars_of(out, 4)[:2] == bars_of(out, 4)[2:]


def test_a_form_without_bars_has_eight_a_section():
    assert lm.Request(form="AABA").bar_count() == 32
    assert lm.Request(form="A8 B4").bar_count() == 12
    assert lm.Request(form="auto").bar_count() == 8


def test_a_form_cannot_be_streamed(folk):
    with pytest.raises(lm.ConfigError, match="cannot be streamed"):
        folk.stream(seed(), form="AA", bars=4)
