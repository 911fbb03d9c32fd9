"""What a model's data card may say of sampling."""

import pytest

from lstm_music.errors import ConfigError
from lstm_music.nn.sampling import Sampling, recommended


def test_a_card_without_a_word_on_it_leaves_everything_as_usual():
    assert recommended({}) == recommended({"name": "x"}) == Sampling(0.9, 0, 0.95, 0.0)


def test_a_card_changes_what_it_names():
    card = {"sampling": {"temperature": 1.0, "top_p": 0.98}}
    assert recommended(card) == Sampling(1.0, 0, 0.98, 0.0)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"temperature": 0.0}, "temperature must be 0.001..100, got 0.0"),
        ({"temprature": 1.0}, "temprature"),
        ({"top_p": "all"}, "'<'|not supported"),
        ([], "mapping"),
        (3, "mapping"),
    ],
)
def test_a_card_that_asks_for_the_impossible(table, why):
    with pytest.raises(
        ConfigError, match=f"(?s)the data card's sampling .* cannot be used.*({why})"
    ):
        recommended({"sampling": table})


def test_but_leaves_what_is_none():
    assert Sampling(1.0, 5).but(temperature=None, top_p=0.5) == Sampling(1.0, 5, 0.5)
    with pytest.raises(ConfigError, match="min_p"):
        Sampling().but(min_p=1.0)
