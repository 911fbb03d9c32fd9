"""The vocabulary's tables."""

import json

import pytest

from lstm_music.errors import TokenError
from lstm_music.music.key import Key
from lstm_music.tokens.vocabulary import (
    DEFAULT,
    Vocabulary,
    index_key,
    key_index,
    tempo_bin,
    tempo_usec,
)


def test_every_token_has_one_kind_and_its_own_name():
    names = [DEFAULT.name(token) for token in range(DEFAULT.n_tokens)]
    assert len(set(names)) == DEFAULT.n_tokens == 889
    kinds = [DEFAULT.kind(token) for token in range(DEFAULT.n_tokens)]
    assert kinds == [name for name, size in DEFAULT.ranges for _ in range(size)]


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("start", 0, "start"),
        ("style", 0, "style unknown"),
        ("style", 1, "style chorale"),
        ("numerator", 5, "numerator 6"),
        ("denominator", 3, "denominator 8"),
        ("key", 0, "key unknown"),
        ("key", key_index(Key.parse("D minor")), "key D minor"),
        ("tempo", 24, "tempo 120"),
        ("pickup", 0, "pickup 0"),
        ("program", 40, "program 40"),
        ("program", 128, "program drums"),
        ("track", 0, "track 0"),
        ("shift", 23, "shift 24"),
        ("duration", 95, "duration 96"),
        ("velocity", 10, "velocity 84"),
        ("pitch", 60, "pitch 60"),
        ("drum", 36, "drum 36"),
    ],
)
def test_names_say_the_value(kind, value, name):
    assert DEFAULT.name(DEFAULT[kind][value]) == name


@pytest.mark.parametrize("token", [-1, 889])
def test_what_is_no_token_has_no_name(token):
    with pytest.raises(TokenError, match=r"0\.\.888"):
        DEFAULT.name(token)


def test_keys_and_tempos_come_back():
    for value in range(len(DEFAULT["key"])):
        assert key_index(index_key(value)) == value
    bins = range(len(DEFAULT["tempo"]))
    assert tempo_bin([tempo_usec(value) for value in bins]).tolist() == list(bins)


def test_json_brings_the_vocabulary_back():
    assert Vocabulary.from_json(DEFAULT.to_json()) == DEFAULT


def test_another_vocabulary_is_refused():
    other = json.loads(DEFAULT.to_json())
    other["ranges"][6][1] = 9
    with pytest.raises(TokenError, match="not the one of this version"):
        Vocabulary.from_json(json.dumps(other))
    for text in ("", "{", "[" * 100_000):
        with pytest.raises(TokenError, match="damaged"):
            Vocabulary.from_json(text)
