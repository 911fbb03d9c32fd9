"""Which bars return, and the letters of forms."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.music.form import (
    EQUAL,
    EQUAL_LAGS,
    FRESH,
    VARIED,
    Label,
    alike,
    bars_of,
    find_form,
    label_bars,
)
from lstm_music.music.form_model import FormModel
from lstm_music.music.form_text import fit_form, form_text, parse_form
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes

BAR = 96
TUNES = {"a": (60, 62, 64, 65), "b": (72, 71, 69, 67), "c": (50, 55, 50, 55), "d": (61, 66, 61, 60)}


def piece(bars, pickup_steps=0, **fields):
    """A bar for each letter; an upper-case one has its last note changed; a dot is a rest."""
    rows = []
    for i, letter in enumerate(bars):
        pitches = list(TUNES.get(letter.lower(), ()))
        if letter.isupper():
            pitches[-1] += 1
        at = pickup_steps + BAR * i
        rows += [(at + 24 * k, 24, pitch, 80, 0) for k, pitch in enumerate(pitches)]
    end = pickup_steps + BAR * len(bars)
    return Piece(
        notes=make_notes(rows),
        tracks=(Track(),),
        pickup_steps=pickup_steps,
        length_steps=end,
        **fields,
    )


def codes(bars, **fields):
    labels = label_bars(bars_of(piece(bars, **fields)))
    return " ".join(f"{label.kind[0]}{label.lag or ''}" for label in labels)


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        ("aabb", "f e1 f e1"),
        ("abab", "f f e2 e2"),
        ("abcdabcD", "f f f f e4 e4 e4 v4"),
        ("ab..ab..", "f f f f e4 e4 f f"),  # silence returns to nothing
        ("abcdabcdabcd", "f f f f e4 e4 e4 e4 e8 e8 e8 e8"),  # eight bars before four
        ("aA", "f f"),  # a varied bar is looked for 2, 4, 8 and 16 bars before
        ("abA", "f f v2"),
    ],
)
def test_labels(bars, expected):
    assert codes(bars) == expected
    assert codes(bars, pickup_steps=24) == expected


def test_bars_are_equal_only_with_all_tracks_and_durations_and_lengths():
    one = piece("aa")
    for change in (("duration_steps", 12), ("pitch_midi", 63), ("track", 1), ("onset_steps", 100)):
        notes = one.notes.copy()
        notes[change[0]][4] = change[1]
        other = one.replace(notes=notes, tracks=(Track(), Track()))
        assert label_bars(bars_of(other))[1].kind == FRESH
    louder = one.notes.copy()
    louder["velocity"][4:] = 33
    assert label_bars(bars_of(one.replace(notes=louder)))[1] == Label(EQUAL, 1)
    shorter = piece("aaa", meters=(Meter(0, 4, 4), Meter(BAR, 3, 4)))
    assert label_bars(bars_of(shorter))[1].kind == FRESH


def test_how_alike_bars_are():
    a, changed, b = bars_of(piece("aAb"))
    assert (alike(a, a), alike(a, b)) == (1.0, 0.0)
    assert alike(a, changed) == 3 / 5


@pytest.mark.parametrize(
    ("bars", "form"),
    [
        ("abcdabcddcbaabcd" * 1, "A4 A4 B4 A4"),
        ("abcddcba" * 2 + "dbdbcaca" + "abcddcba", "A8 A8 B8 A8"),
        ("abcddcba" + "abcddcbA", "A8 A'8"),
        ("abcd", "A4"),
        ("ababcdcd", "A2 A2 B2 B2"),
    ],
)
def test_the_form_of_a_piece_and_back(bars, form):
    found = find_form(piece(bars))
    assert form_text(found, lengths=True).replace("A8'", "A'8") == form
    assert parse_form(form_text(found, lengths=True)) == found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("AABA", ["A", "A", "B", "A"]),
        ("AABB'", ["A", "A", "B", "B'"]),
        ("A8 A8 B4 A'8", ["A", "A", "B", "A'"]),
        ("A8' ".replace("'", "") + "A8'", ["A", "A'"]),
        ("A-B|A,A''", ["A", "B", "A", "A''"]),
    ],
)
def test_forms_are_read(text, names):
    sections = parse_form(text)
    assert [section.name for section in sections] == names
    assert parse_form(form_text(sections)) == sections or len({s.bars for s in sections}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must look like AABA"),
        ("A1B", "all sections or to none"),
        ("A0", "1 bar or more"),
        ("AB'", "B' varies B"),
        ("A(B)", "must look like"),
        ("8A", "must look like"),
    ],
)
def test_what_is_no_form_is_refused(text, message):
    with pytest.raises(lm.ConfigError, match=message):
        parse_form(text)


def test_sections_are_fitted_to_the_bars():
    assert [s.bars for s in fit_form("AABA", 32)] == [8] * 4
    with pytest.raises(lm.ConfigError, match="need 4 bars or more, got 3"):
        fit_form("AABA", 3)
    with pytest.raises(lm.ConfigError, match="ask for 28 or 32 bars"):
        fit_form("AABA", 30)
    with pytest.raises(lm.ConfigError, match="has 12 bars, but bars is 16"):
        fit_form("A8 B4", 16)


def test_a_model_of_forms_draws_what_it_has_counted():
    labels = label_bars(bars_of(piece("abcddcba" * 2 + "dbdbcaca" + "abcddcba")))
    model = FormModel.count([("folk", labels)] * 50)
    draws = [model.draw("folk", 32, np.random.default_rng(i)) for i in range(20)]
    same = np.mean([[a == b for a, b in zip(drawn, labels, strict=True)] for drawn in draws])
    assert same > 0.9
    again = FormModel.from_json(model.to_json())
    assert again.draw("folk", 32, np.random.default_rng(3)) == draws[3]
    assert again.styles == ("folk",)


def test_a_drawn_label_is_possible():
    model = FormModel.count([("", [Label(EQUAL, lag) for lag in EQUAL_LAGS] * 8)])
    for seed in range(20):
        drawn = model.draw("?", 12, np.random.default_rng(seed), allowed=lambda i, _: i != 5)
        assert all(label.lag <= i for i, label in enumerate(drawn))
        assert drawn[0] == drawn[5] == Label(FRESH)


@pytest.mark.parametrize(
    "facts",
    [{"folk": 3}, {"folk": {"0 0 0 - -": "x:1"}}, {"folk": {"0 0": "f:1"}}, {"a": {"": ""}}],
)
def test_damaged_counts_are_refused(facts):
    with pytest.raises(lm.ModelFileError, match="counts of forms are damaged"):
        FormModel.from_json(facts)


def test_real_forms_are_bundled():
    model = FormModel.from_json(lm.load().metadata["training"]["forms"])
    assert set(model.styles) >= {"chorale", "folk", "lead", "drums", "piano", "song", "hymn"}
    kinds = [
        {label.kind for label in model.draw(style, 32, np.random.default_rng(i))}
        for style in ("folk", "lead")
        for i in range(5)
    ]
    assert {EQUAL, FRESH} <= set.union(*kinds) <= {EQUAL, FRESH, VARIED}


def test_a_label_that_only_drums_have_is_never_drawn_where_it_was_not_counted():
    """It also leaves the draws of other styles as they were."""
    near = Label(VARIED, 1)
    counted = {
        "folk": [Label(FRESH)] + [Label(VARIED, 2)] * 31,
        "drums": [Label(FRESH)] + [near] * 31,
    }
    both = FormModel.count(list(counted.items()) * 3)
    folk = FormModel.count([("folk", counted["folk"])] * 3)
    for seed in range(20):
        drawn = [m.draw("folk", 32, np.random.default_rng(seed)) for m in (both, folk)]
        assert drawn[0] == drawn[1]
        assert near not in drawn[0]
    assert near in both.draw("drums", 32, np.random.default_rng(1))
