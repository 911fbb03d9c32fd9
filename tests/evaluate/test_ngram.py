"""Kneser-Ney against hand-computed values and a plain dictionary version."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from lstm_music.errors import ConfigError
from lstm_music.evaluate.ngram import KneserNey, Uniform, Unigram

V = 6
RNG = np.random.default_rng(5)


def random_sequences(n, length):
    """Sequences that start with token 0 and never hold it again, far from uniform."""
    weights = np.array([0, 8, 4, 2, 1, 1]) / 16
    return [
        np.concatenate([[0], RNG.choice(V, length, p=weights)]).astype(np.int32) for _ in range(n)
    ]


class PlainKneserNey:
    """The formulas of the module docstring, one dictionary look-up at a time."""

    def __init__(self, sequences, order):
        padded = [["pad"] * (order - 2) + s.tolist() for s in sequences]
        grams = [tuple(s[i : i + order]) for s in padded for i in range(len(s) - order + 1)]
        self.counts = [Counter(grams)]
        for _ in range(order - 1):
            self.counts.insert(0, Counter(gram[1:] for gram in self.counts[0]))
        self.order = order

    def probability(self, context, token):
        context = tuple((["pad"] * self.order + list(context))[-(self.order - 1) :])
        p = 1 / V
        for k in range(1, self.order + 1):
            counts = self.counts[k - 1]
            by_context = defaultdict(dict)
            for gram, count in counts.items():
                by_context[gram[:-1]][gram[-1]] = count
            n1, n2 = (sum(c == i for c in counts.values()) for i in (1, 2))
            discount = n1 / (n1 + 2 * n2) if n1 and n2 else 0.5
            after = by_context[context[self.order - k :]]
            if after:
                total = sum(after.values())
                p = (max(after.get(token, 0) - discount, 0) + discount * len(after) * p) / total
        return p


def test_hand_computed_bigrams():
    # One piece: START a a b. Bigrams Sa, aa, ab once each: no bigram twice, so D = 1/2.
    # Continuation counts: a after S and a: 2; b after a: 1; n1 = n2 = 1, so D_1 = 1/3.
    model = KneserNey([np.array([0, 1, 1, 2])], n_tokens=4, order=2)
    a = (2 - 1 / 3) / 3 + (1 / 3) * 2 / 3 / 4
    b = (1 - 1 / 3) / 3 + (1 / 3) * 2 / 3 / 4
    unseen = (1 / 3) * 2 / 3 / 4
    after_a = model.next_probabilities(np.array([0, 1]))
    half = np.array([unseen, a, b, unseen]) / 2  # D N(a) / c(a) = 1/2 * 2 / 2
    assert after_a == pytest.approx(half + np.array([0, 0.25, 0.25, 0]))
    after_b = model.next_probabilities(np.array([2]))  # never a context: the unigrams
    assert after_b == pytest.approx([unseen, a, b, unseen])


@pytest.mark.parametrize("order", [2, 3, 5])
def test_equals_the_plain_version(order):
    sequences = random_sequences(6, 30)
    model, plain = KneserNey(sequences, V, order), PlainKneserNey(sequences, order)
    test = random_sequences(1, 25)[0]
    expected = [np.log(plain.probability(test[:i].tolist(), int(test[i]))) for i in range(1, 26)]
    assert model.log_probs(test) == pytest.approx(expected)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_sums_to_one_in_any_context(order):
    model = KneserNey(random_sequences(5, 40), V, order)
    for length in range(8):
        context = RNG.integers(0, V, length)
        assert model.next_probabilities(context).sum() == pytest.approx(1)
        assert model.next_probabilities(context).min() > 0


def test_scores_what_it_says_next():
    model = KneserNey(random_sequences(5, 40), V, 4)
    test = random_sequences(1, 10)[0]
    step_by_step = [model.next_probabilities(test[:i])[test[i]] for i in range(1, 11)]
    assert model.log_probs(test) == pytest.approx(np.log(step_by_step))


def test_longer_memory_helps_where_there_is_a_pattern():
    pattern = np.array([0] + [1, 2, 1, 3] * 20)
    orders = [KneserNey([pattern], V, n).log_probs(pattern).mean() for n in (1, 2, 3)]
    assert orders[0] < orders[1] < orders[2]


def test_no_data_is_uniform():
    assert KneserNey([], V, 5).log_probs(np.array([0, 1, 2])) == pytest.approx([-np.log(V)] * 2)


def test_vocabulary_too_large_for_the_order():
    with pytest.raises(ConfigError, match="63 bits"):
        KneserNey([], 1 << 16, 5)


def test_uniform_and_unigram():
    tokens = np.array([0, 1, 1, 2])
    assert Uniform(V).log_probs(tokens) == pytest.approx([-np.log(6)] * 3)
    unigram = Unigram([tokens], V)
    assert np.exp(unigram.log_probs(tokens)) == pytest.approx([3 / 9, 3 / 9, 2 / 9])
    every = Unigram(random_sequences(3, 9), V).log_probs(np.array([0, *range(V)]))
    assert np.exp(every).sum() == pytest.approx(1)
