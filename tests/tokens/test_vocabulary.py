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
    assert len(set(names)) == DEFAULT.n_tokens == 897
    kinds = [DEFAULT.kind(token) for token in range(DEFAULT.n_tokens)]
    assert kinds == [name for name, size in DEFAULT.ranges for _ in range(size)]


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("start", 0, "start"),
        ("style", 0, "style unknown"),
        ("style", 1, "style chorale"),
        ("later_style", 0, "style piano"),
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


@pytest.mark.parametrize("token", [-1, 897])
def test_what_is_no_token_has_no_name(token):
    with pytest.raises(TokenError, match=r"0\.\.896"):
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


def with_streams(n):
    """The vocabulary of a version that knew the first ``n`` streams alone."""
    return json.dumps(json.loads(DEFAULT.to_json()) | {"streams": DEFAULT.streams[:n]})


@pytest.mark.parametrize("n_streams", [1, 31, DEFAULT.n_streams - 1, DEFAULT.n_streams])
def test_a_vocabulary_of_fewer_streams_is_understood(n_streams):
    found = Vocabulary.from_json(with_streams(n_streams))
    assert found.streams == DEFAULT.streams[:n_streams]
    assert found.n_streams == n_streams
    assert found.stream_offsets == DEFAULT.stream_offsets[:n_streams]
    assert found.n_rows == sum(DEFAULT.stream_sizes[:n_streams])
    assert (found.ranges, found.styles) == (DEFAULT.ranges, DEFAULT.styles)
    assert found.has_stream("token")
    assert found.has_stream("closed") == (n_streams > 31)
    assert not found.has_stream("nothing")


@pytest.mark.parametrize(
    "streams",
    [
        [],
        [*DEFAULT.streams, ("more", 2)],
        [*DEFAULT.streams[:30], ("key", 31)],
        DEFAULT.streams[1:],
        DEFAULT.streams[::-1],
        [*DEFAULT.streams[:31], ("closed", 3)],
        5,
        None,
        {"token": 897},
        "token",
    ],
)
def test_other_streams_are_refused(streams):
    text = json.dumps(json.loads(DEFAULT.to_json()) | {"streams": streams})
    with pytest.raises(TokenError, match="not the one of this version"):
        Vocabulary.from_json(text)


def test_what_is_no_vocabulary_at_all_is_refused():
    for text in ("[]", "5", "{}", '"streams"', '["streams"]', '{"streams": []}'):
        with pytest.raises(TokenError, match="not the one of this version"):
            Vocabulary.from_json(text)


def test_a_cache_needs_no_streams():
    assert set(json.loads(DEFAULT.tokens_json())) == {"ranges", "styles"}
    assert json.loads(DEFAULT.to_json()).items() >= json.loads(DEFAULT.tokens_json()).items()
