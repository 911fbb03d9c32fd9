"""What a model's data card may say of sampling."""

import numpy as np
import pytest

from lstm_music.errors import ConfigError
from lstm_music.kernels.history import MOST_REMEMBERED
from lstm_music.nn.sampling import Sampling, recommended, recommended_from_nothing


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
        ({"top_p": "all"}, "top_p must be above 0, at most 1, got 'all'"),
        ({"top_k": 2.5}, "top_k must be a whole number"),
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


@pytest.mark.parametrize("name", ["temperature", "temperature_rhythm", "temperature_pitch"])
@pytest.mark.parametrize("value", [0.0, 0.0009, 100.1, -1.0, float("nan"), float("inf"), "1", True])
def test_a_temperature_out_of_range_is_refused(name, value):
    with pytest.raises(ConfigError, match=f"^{name} must be 0.001..100"):
        Sampling(**{name: value})
    assert getattr(Sampling(**{name: 0.001}), name) == 0.001
    assert getattr(Sampling(**{name: 100}), name) == 100


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("top_p", [1e-9, 0.5, 1, np.float32(0.5)], [0.0, 1.1, np.nan, None, True]),
        ("typical_p", [1e-9, 0.5, 1], [0.0, 1.1, np.nan, np.inf, "1", None]),
        ("min_p", [0, 0.999], [1.0, -0.1, np.nan, None]),
        ("surprise", [0, 0.999], [1.0, -0.1, np.nan, "0", None]),
        ("repetition_penalty", [1, 1.5, 100], [0.99, 101, np.nan, np.inf, None]),
        ("top_k", [0, 7, 2**31 - 1, np.int64(3)], [-1, 2.5, 3.0, 2**31, True, None, np.nan]),
        ("repetition_window", [1, 4096], [0, 4097, 2.0, "3", None]),
        ("no_repeat_ngram", [0, 1, 4096], [-1, 4097, 2.5, False, None]),
    ],
)
def test_every_setting_has_a_type_and_a_range(name, good, bad):
    for value in good:
        assert getattr(Sampling(**{name: value}), name) == value
        Sampling(**{name: value}).sampler(np.zeros(5, np.uint8))
    for value in bad:
        with pytest.raises(ConfigError, match=f"^{name} must be .*got "):
            Sampling(**{name: value})


def test_the_longest_history_that_can_be_asked_for_is_kept():
    Sampling(repetition_window=MOST_REMEMBERED, no_repeat_ngram=MOST_REMEMBERED)
    for name in ("repetition_window", "no_repeat_ngram"):
        with pytest.raises(ConfigError, match=name):
            Sampling(**{name: MOST_REMEMBERED + 1})


def test_a_setting_that_is_none_in_a_temperature_stays_that_of_the_whole():
    assert Sampling(0.7).temperature_pitch is None
    assert Sampling(0.7, temperature_pitch=0.5).but(temperature_pitch=None).temperature_pitch == 0.5


def test_a_card_advises_for_pieces_from_nothing_by_style():
    card = {
        "sampling": {"temperature": 0.8, "top_p": 0.9},
        "from_nothing": {
            "folk": {"temperature": 1.0, "form": "auto"},
            "lead": {},
            "drums": {"critic_bars": 1, "critic_drafts": 16},
        },
    }
    found = recommended_from_nothing(card)
    assert found["folk"] == (Sampling(1.0, 0, 0.9), "auto", 4, 8)
    assert found["lead"] == (Sampling(0.8, 0, 0.9), None, 4, 8)
    assert found["drums"] == (Sampling(0.8, 0, 0.9), None, 1, 16)
    assert recommended_from_nothing({}) == {}


@pytest.mark.parametrize(
    "table",
    [
        1,
        {"folk": 1},
        {"folk": {"temperature": 0}},
        {"folk": {"form": 1}},
        {"folk": {"x": 1}},
        {"folk": {"critic_bars": 0}},
        {"folk": {"critic_drafts": 65}},
        {"folk": {"critic_drafts": True}},
    ],
)
def test_advice_by_style_that_cannot_be_used_is_refused(table):
    with pytest.raises(ConfigError, match="from_nothing"):
        recommended_from_nothing({"from_nothing": table})
