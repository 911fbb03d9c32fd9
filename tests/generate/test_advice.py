"""From nothing a style is composed as the model's data card advises, unless something is asked."""

import pytest
from small_composers import EVERYTHING, random_composer

import lstm_music as lm
from lstm_music.nn.sampling import FromNothing, Sampling

ASK = {"bars": 8, "meter": "4/4", "with_": "piano", "ending": "free", "drafts": 1, "rng_seed": 2}


@pytest.fixture(scope="module")
def composer():
    """One that is to return in folk alone."""
    found = random_composer(5, met=EVERYTHING)
    found.engine.from_nothing["folk"] = FromNothing(Sampling(0.7), "AABA")
    return found


def notes(composer, **asked):
    return composer.generate(**(ASK | asked)).notes.tolist()


def test_what_is_advised_is_what_one_gets(composer):
    assert notes(composer, style="folk") == notes(
        composer, style="folk", form="AABA", temperature=0.7
    )


def test_what_is_asked_goes_before_what_is_advised(composer):
    plain = random_composer(5, met=EVERYTHING)
    asked = {"style": "folk", "temperature": 0.8}
    assert notes(composer, form="none", **asked) == notes(plain, **asked)
    assert notes(composer, form="ABAB", **asked) == notes(plain, form="ABAB", **asked)


def test_who_refuses_the_form_gets_none_of_the_advice_that_goes_with_it(composer):
    plain = random_composer(5, met=EVERYTHING)
    assert notes(composer, style="folk", form="none") == notes(plain, style="folk")


def test_other_styles_and_continuations_are_not_touched(composer):
    plain = random_composer(5, met=EVERYTHING)
    assert notes(composer, style="lead") == notes(plain, style="lead")
    seed = plain.generate(style="folk", **ASK)
    assert composer.generate(seed, bars=2, rng_seed=1) == plain.generate(seed, bars=2, rng_seed=1)


def test_each_piece_is_composed_as_its_style_is_though_they_are_drawn_together(composer):
    """The network chooses the style: of many pieces at once some return and some do not."""
    pieces = composer.generate_many(n=12, **ASK)
    assert {piece.style == "folk" for piece in pieces} == {True, False}
    for i, piece in enumerate(pieces):
        bars = lm.music.form.bars_of(piece, 8)
        assert (bars[:2] == bars[2:4] == bars[6:]) == (piece.style == "folk"), i
    assert pieces[0] == composer.generate(**ASK)


def test_no_form_is_no_form_for_a_seed_either(composer):
    seed = composer.generate(style="lead", **ASK)
    asked = {"bars": 2, "rng_seed": 1}
    assert composer.generate(seed, form="none", **asked) == composer.generate(seed, **asked)
    assert list(composer.stream(seed, form="none", **asked)) == list(composer.stream(seed, **asked))
