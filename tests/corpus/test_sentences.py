"""Sentences that differ in their numbers, counted together and told with them."""

import pytest

from lstm_music.corpus.sentences import SentenceCounts


def told(*sentences):
    counts = SentenceCounts()
    for sentence in sentences:
        counts.add(sentence)
    return [(sentence, n) for sentence, n, _ in counts.items()]


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        (["a key was ignored"] * 2, [("a key was ignored", 2)]),
        (["the file says 4/4: found 3/4"] * 2, [("the file says 4/4: found 3/4", 2)]),
        (
            ["found 3/4", "found 6/8", "found 3/4"],
            [("found 3/4 (2 times) or 6/8 (1)", 3)],
        ),
        (
            [f"found {n}/8" for n in (3, 5, 6, 7, 9, 3)],
            [("found 3/8 (2 times) or 5/8 (1) or 6/8 (1) or 2 others", 6)],
        ),
        ([f"dropped {n} notes" for n in (2, 10, 9, 1.5)], [("dropped 1.5 to 10 notes", 4)]),
        (["a 1 b 2", "a 1 b 3"], [("a 1 b 2 (1 times) or 3 (1)", 2)]),
    ],
)
def test_the_numbers_of_alike_sentences_are_told(sentences, expected):
    assert told(*sentences) == expected


def test_times_are_summed_and_the_commonest_comes_first():
    counts = SentenceCounts()
    counts.add("rare", 7)
    counts.add("common", 2)
    counts.add("common", 3)
    assert list(counts.items()) == [("common", 2, 5), ("rare", 1, 7)]
