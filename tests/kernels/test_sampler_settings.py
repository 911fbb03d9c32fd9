"""What every setting does to the distribution that is drawn from, against the reference."""

from dataclasses import asdict

import numpy as np
import pytest

from lstm_music.errors import ConfigError, ShapeError
from lstm_music.kernels.history import MOST_REMEMBERED
from lstm_music.kernels.sampler import Sampler, philox_uniform
from lstm_music.nn.sampling import OTHER, PITCH, RHYTHM, Sampling
from lstm_music.reference.sampling import probabilities

V = 24
GROUP_OF = np.array([OTHER] * 4 + [RHYTHM] * 8 + [PITCH] * 12, np.uint8)
ALL = np.ones(V, np.uint8)
LOGITS = np.random.default_rng(1).normal(0, 1.5, V).astype(np.float32)
PLAIN = Sampling(1.0, top_p=1.0)
N = 200_000

# Pitches 12, 12, 14, 15 and 12 among rhythms and others; 12 4 comes twice.
HISTORY = np.array([12, 4, 0, 12, 5, 14, 6, 15, 7, 1, 12], np.int32)


def log(shares):
    return np.log(np.array(shares)).astype(np.float32)


def sampler_of(sampling, heard=(), group_of=GROUP_OF, **stream):
    sampler = sampling.sampler(group_of, **stream)
    sampler.hear_py(np.array(heard, np.int32))
    return sampler


def draw(sampling, logits=LOGITS, allowed=ALL, heard=(), group_of=GROUP_OF, n=N):
    sampler = sampler_of(sampling, heard, group_of, rng_seed=3)
    return sampler.draw_py(allowed, logits, np.arange(n, dtype=np.uint64))


def support(sampling, logits, heard=(), group_of=None):
    """What comes in a thousand draws."""
    logits = np.asarray(logits, np.float32)
    group_of = np.zeros(len(logits), np.uint8) if group_of is None else np.array(group_of, np.uint8)
    allowed = np.ones(len(logits), np.uint8)
    return set(draw(sampling, logits, allowed, heard, group_of, n=1000).tolist())


def z_of_chi_square(drawn, p):
    """Standard deviations by which the counts are farther from p than chance would have it."""
    counts, expected = np.bincount(drawn, minlength=len(p)), p * len(drawn)
    rare = expected < 10
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    counts, expected = counts[expected > 0], expected[expected > 0]
    if len(counts) < 2:
        return 0.0
    free = len(counts) - 1
    return (((counts - expected) ** 2 / expected).sum() - free) / np.sqrt(2 * free)


CASES = [
    {},
    {"temperature": 0.6},
    {"temperature_rhythm": 0.5},
    {"temperature_pitch": 2.0},
    {"temperature": 1.4, "temperature_rhythm": 0.7, "temperature_pitch": 0.9},
    {"min_p": 0.15},
    {"min_p": 0.3, "temperature_rhythm": 4.0, "temperature_pitch": 4.0},
    {"top_k": 5},
    {"top_p": 0.7},
    {"typical_p": 0.5},
    {"typical_p": 0.9, "top_k": 12},
    {"surprise": 0.3},
    {"repetition_penalty": 3.0},
    {"repetition_penalty": 3.0, "repetition_window": 2, "temperature_pitch": 0.8},
    {"no_repeat_ngram": 2},
    {"no_repeat_ngram": 1, "temperature": 0.8},
    {
        "temperature": 0.9,
        "temperature_rhythm": 0.8,
        "temperature_pitch": 1.2,
        "min_p": 0.01,
        "top_k": 18,
        "top_p": 0.95,
        "typical_p": 0.9,
        "surprise": 0.1,
        "repetition_penalty": 1.5,
        "repetition_window": 3,
        "no_repeat_ngram": 2,
    },
]


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_tokens_come_as_often_as_the_reference_says(settings):
    sampling = PLAIN.but(**settings)
    allowed = ALL.copy()
    allowed[[2, 9, 20]] = 0
    p = probabilities(LOGITS, allowed, GROUP_OF, HISTORY.tolist(), **asdict(sampling))
    drawn = draw(sampling, allowed=allowed, heard=HISTORY)
    assert set(drawn.tolist()) <= set(np.flatnonzero(p).tolist())
    assert z_of_chi_square(drawn, p) < 4
    if settings:  # and the test can tell
        plain = probabilities(LOGITS, allowed, GROUP_OF, HISTORY.tolist())
        assert z_of_chi_square(drawn, plain) > 100


@pytest.mark.parametrize("seed", range(40))
def test_exactly_what_the_reference_leaves_can_come(seed):
    """Random settings, random histories: the same tokens are left, the rare ones, too."""
    rng = np.random.default_rng(seed)
    sampling = Sampling(
        rng.uniform(0.3, 2.0),
        int(rng.integers(0, 20)),
        rng.uniform(0.5, 1.0),
        rng.uniform(0, 0.1),
        *rng.uniform(0.3, 2.0, 2),
        typical_p=rng.uniform(0.5, 1.0),
        surprise=rng.uniform(0, 0.5),
        repetition_penalty=rng.uniform(1, 3),
        repetition_window=int(rng.integers(1, 20)),
        no_repeat_ngram=int(rng.integers(0, 4)),
    )
    heard = rng.integers(0, V, 60).astype(np.int32)
    logits = rng.normal(0, 2, V).astype(np.float32)
    allowed = (rng.random(V) < 0.7).astype(np.uint8)
    p = probabilities(logits, allowed, GROUP_OF, heard.tolist(), **asdict(sampling))
    drawn = draw(sampling, logits, allowed, heard, n=20_000)
    assert set(drawn.tolist()) == set(np.flatnonzero(p).tolist())
    assert z_of_chi_square(drawn, p) < 5


def test_groups_of_one_temperature_change_no_bit():
    plain, grouped = Sampling(0.8), Sampling(0.8, temperature_rhythm=0.8, temperature_pitch=0.8)
    without = Sampler(V, temperature=0.8, top_p=0.95, rng_seed=3)
    expected = without.draw_py(ALL, LOGITS, np.arange(5000, dtype=np.uint64))
    np.testing.assert_array_equal(draw(plain, n=5000), expected)
    np.testing.assert_array_equal(draw(grouped, n=5000), expected)


def test_which_group_comes_is_chosen_at_the_temperature_of_the_whole():
    def shares(sampling):
        return np.bincount(GROUP_OF[draw(sampling)], minlength=3) / N

    expected = shares(PLAIN)
    for settings in ({"temperature_rhythm": 0.1}, {"temperature_pitch": 5.0}):
        np.testing.assert_allclose(shares(PLAIN.but(**settings)), expected, atol=0.006)
    assert np.abs(shares(PLAIN.but(temperature=0.3)) - expected).max() > 0.1


def test_a_group_without_a_temperature_has_that_of_the_whole():
    drawn = draw(PLAIN.but(temperature_pitch=0.01))
    pitches = drawn[GROUP_OF[drawn] == PITCH]
    assert set(pitches.tolist()) == {12 + int(np.argmax(LOGITS[12:]))}
    rhythms = np.bincount(drawn[GROUP_OF[drawn] == RHYTHM] - 4, minlength=8)
    expected = np.exp(LOGITS[4:12]) / np.exp(LOGITS[4:12]).sum()
    np.testing.assert_allclose(rhythms / rhythms.sum(), expected, atol=0.01)


def test_typical_prefers_what_is_neither_sure_nor_wild():
    # The entropy is 1.20 nats; they hold 0.60, 1.39, 2.30, ...: the likeliest is not the nearest.
    logits = log([0.55, 0.25, 0.1, 0.06, 0.04])
    assert support(PLAIN.but(typical_p=0.01), logits) == {1}
    assert support(PLAIN.but(typical_p=0.26), logits) == {0, 1}
    assert support(PLAIN.but(typical_p=1.0), logits) == {0, 1, 2, 3, 4}


def test_of_equally_typical_tokens_the_first_stay():
    assert support(PLAIN.but(typical_p=0.5), np.zeros(8)) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("surprise", "left"),
    [(0.49, {0, 1, 2, 3}), (0.51, {1, 2, 3}), (0.79, {1, 2, 3}), (0.81, {2, 3}), (0.999, {3})],
)
def test_surprise_drops_the_likeliest_of_at_most_its_share(surprise, left):
    assert support(PLAIN.but(surprise=surprise), log([0.5, 0.3, 0.15, 0.05])) == left


def test_surprise_keeps_what_is_all_but_sure():
    assert support(PLAIN.but(surprise=0.9), log([0.95, 0.04, 0.01])) == {0, 1, 2}
    assert support(PLAIN.but(surprise=0.9), [0.0]) == {0}


@pytest.mark.parametrize("seed", range(20))
def test_the_most_surprise_leaves_the_least_likely(seed):
    """Whichever way the sums are rounded."""
    logits = np.random.default_rng(seed).normal(size=50).astype(np.float32)
    assert support(PLAIN.but(surprise=np.nextafter(1, 0)), logits) == {int(np.argmin(logits))}


def test_surprise_follows_the_tail_filters():
    # top_p leaves 0.5 and 0.3 of the model; of these the first holds 0.625.
    sampling = PLAIN.but(top_p=0.7, surprise=0.63)
    assert support(sampling, log([0.5, 0.3, 0.15, 0.05])) == {1}


def test_a_pitch_is_divided_once_for_every_time_that_it_came():
    logits = np.where(GROUP_OF == PITCH, LOGITS, -np.inf).astype(np.float32)
    drawn = draw(PLAIN.but(repetition_penalty=2.0), logits, heard=HISTORY)
    divisor = np.ones(V)
    divisor[[12, 14, 15]] = 8, 2, 2
    p = np.exp(logits) / divisor
    assert z_of_chi_square(drawn, p / p.sum()) < 4


def test_the_penalty_does_not_make_a_pitch_less_likely_than_a_shift():
    drawn = draw(PLAIN.but(repetition_penalty=50.0), heard=np.arange(12, 24, dtype=np.int32))
    expected = np.exp(LOGITS)[GROUP_OF == PITCH].sum() / np.exp(LOGITS).sum()
    assert abs(np.mean(GROUP_OF[drawn] == PITCH) - expected) < 0.005


def test_the_window_is_of_pitches():
    # The newest two pitches are 15 and 12, whatever else came between.
    settings = {"repetition_penalty": 100.0, "repetition_window": 2}
    drawn = draw(PLAIN.but(**settings), np.zeros(V, np.float32), heard=HISTORY)
    counts = np.bincount(drawn, minlength=V)[12:]
    assert set(np.flatnonzero(counts < N / V / 20) + 12) == {12, 15}


@pytest.mark.parametrize(
    ("n", "heard", "forbidden"),
    [
        (1, [4, 12], {4, 12}),
        (2, [12, 4, 12], {4}),
        (2, [12, 0, 4, 1, 12], {4}),  # what is neither rhythm nor pitch is not there
        (2, [12, 4, 12, 5, 12], {4, 5}),
        (2, [12, 12], {12}),
        (3, [12, 4, 12], set()),
        (3, [12, 4, 13, 12, 4], {13}),
        (3, [11, 4, 13, 12, 4], set()),
        (5, [12, 4, 12, 4], set()),
        (2, [], set()),
    ],
)
def test_no_ngram_comes_twice(n, heard, forbidden):
    came = support(PLAIN.but(no_repeat_ngram=n), np.zeros(V), heard, GROUP_OF)
    assert came == set(range(V)) - forbidden


def test_a_ban_on_all_that_is_left_is_none():
    sampling = PLAIN.but(no_repeat_ngram=1)
    logits = np.full(V, -np.inf)
    logits[[5, 13]] = 0
    assert support(sampling, logits, [5], GROUP_OF) == {13}
    assert support(sampling, logits, [5, 13], GROUP_OF) == {5, 13}


def test_a_ban_on_the_likeliest_leaves_the_others_at_any_temperature():
    sampling = PLAIN.but(no_repeat_ngram=1, temperature=0.001)
    logits = np.array([1000.0, 0.0, -1.0])
    assert support(sampling, logits, [0], [PITCH] * 3) == {1}


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_something_is_always_left(settings):
    extreme = [LOGITS * 100, np.zeros(V, np.float32), np.full(V, 3e38, np.float32), LOGITS - 1e6]
    for logits in extreme:
        tokens = draw(PLAIN.but(**settings), logits.astype(np.float32), heard=HISTORY, n=200)
        assert tokens.min() >= 0
        one = np.zeros(V, np.uint8)
        one[12] = 1
        tokens = draw(PLAIN.but(**settings), logits.astype(np.float32), one, HISTORY, n=20)
        assert set(tokens.tolist()) == {12}
    tightest = Sampling(0.001, 1, 1e-9, 0.999, 0.001, 0.001, 1e-9, 0.999, 100.0, 4096, 1)
    assert draw(tightest, heard=np.arange(V, dtype=np.int32), n=20).min() >= 0


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_what_is_no_number_is_never_drawn(settings):
    sampling = PLAIN.but(**settings)
    logits = np.full(V, np.nan, np.float32)
    assert set(draw(sampling, logits, heard=HISTORY, n=9).tolist()) == {-1}
    logits[3] = np.inf
    assert set(draw(sampling, logits, heard=HISTORY, n=9).tolist()) == {-1}
    logits[3] = -np.inf
    assert set(draw(sampling, logits, heard=HISTORY, n=9).tolist()) == {-1}
    logits[12] = -7.0
    assert set(draw(sampling, logits, heard=HISTORY, n=9).tolist()) == {12}
    assert set(draw(sampling, allowed=0 * ALL, heard=HISTORY, n=9).tolist()) == {-1}


@pytest.mark.parametrize("settings", [*CASES, {"temperature": 30.0}], ids=str)
def test_the_log_probability_is_the_models(settings):
    """Of all that was allowed, however the token was drawn."""
    allowed = ALL.copy()
    allowed[[2, 9, 20]] = 0
    logits = LOGITS.copy()
    logits[[3, 11]] = np.nan, -np.inf
    usable = np.where(allowed & ~np.isnan(logits), logits, -np.inf).astype(float)
    expected = usable - np.log(np.exp(usable).sum())
    sampler = sampler_of(PLAIN.but(**settings), HISTORY)
    assert np.isnan(sampler.last_log_prob)
    for index in range(50):
        (token,) = sampler.draw_py(allowed, logits, np.array([index], np.uint64))
        assert sampler.last_log_prob == pytest.approx(expected[token], abs=1e-6)
    sampler.draw_py(0 * allowed, logits, np.zeros(1, np.uint64))
    assert np.isnan(sampler.last_log_prob)


def test_draws_are_a_function_of_seed_sequence_index_and_history():
    settings = PLAIN.but(**CASES[-1])
    indices = np.arange(500, dtype=np.uint64)

    def drawn(order=slice(None), heard=HISTORY, **stream):
        sampler = sampler_of(settings, heard, **stream)
        return sampler.draw_py(ALL, LOGITS, indices[order])[order].tolist()

    first = drawn(rng_seed=7, sequence=2)
    assert drawn(rng_seed=7, sequence=2) == first
    assert drawn(slice(None, None, -1), rng_seed=7, sequence=2) == first
    assert drawn(rng_seed=8, sequence=2) != first
    assert drawn(rng_seed=7, sequence=3) != first
    assert drawn(rng_seed=7, sequence=2, heard=HISTORY[:5]) != first


def test_one_random_number_decides_a_draw():
    sampler = sampler_of(PLAIN, rng_seed=9, sequence=4)
    cumulated = np.cumsum(np.exp(LOGITS.astype(float)))
    for index in (0, 1, 2**40, 2**64 - 1):
        (token,) = sampler.draw_py(ALL, LOGITS, np.array([index], np.uint64))
        u = philox_uniform(9, 4, index)
        assert token == np.searchsorted(cumulated, u * cumulated[-1], side="right")


def test_a_copy_goes_on_alone():
    settings = PLAIN.but(**CASES[-1])
    one, other = sampler_of(settings, HISTORY), sampler_of(settings, [13, 13, 13])
    other.copy_state_from(one)
    assert other.history.tokens.tolist() == one.history.tokens.tolist()
    assert other.history.tokens.tolist() == [t for t in HISTORY if GROUP_OF[t]]
    indices = np.arange(2000, dtype=np.uint64)
    expected = one.draw_py(ALL, LOGITS, indices)
    np.testing.assert_array_equal(other.draw_py(ALL, LOGITS, indices), expected)
    one.hear_py(np.array([16, 17, 18], np.int32))
    np.testing.assert_array_equal(other.draw_py(ALL, LOGITS, indices), expected)
    assert one.draw_py(ALL, LOGITS, indices).tolist() != expected.tolist()
    one.copy_state_from(one)
    assert one.history.tokens.tolist()[-3:] == [16, 17, 18]


def test_a_copy_keeps_its_own_random_numbers():
    one, other = sampler_of(PLAIN, sequence=1), sampler_of(PLAIN, sequence=2)
    indices = np.arange(100, dtype=np.uint64)
    expected = other.draw_py(ALL, LOGITS, indices).tolist()
    other.copy_state_from(one)
    assert other.draw_py(ALL, LOGITS, indices).tolist() == expected


def test_reset_forgets_all():
    sampler = sampler_of(PLAIN.but(no_repeat_ngram=1), HISTORY)
    sampler.reset()
    assert sampler.history.tokens.tolist() == []
    assert 12 in sampler.draw_py(ALL, LOGITS, np.arange(1000, dtype=np.uint64))


@pytest.mark.parametrize("n", [1, MOST_REMEMBERED - 1, MOST_REMEMBERED, 2 * MOST_REMEMBERED + 1])
def test_the_newest_are_remembered_and_no_others(n):
    """And a copy of a history that has moved its tokens is the same."""
    tokens = np.random.default_rng(n).integers(4, V, n + 700).astype(np.int32)
    sampler, twin = sampler_of(PLAIN, tokens), sampler_of(PLAIN)
    expected = tokens[-MOST_REMEMBERED:].tolist()
    assert sampler.history.tokens.tolist() == expected
    twin.copy_state_from(sampler)
    for one in (sampler, twin):
        one.hear_py(tokens[:900])
        assert one.history.tokens.tolist() == [*expected, *tokens[:900]][-MOST_REMEMBERED:]


@pytest.mark.parametrize("n", [MOST_REMEMBERED, MOST_REMEMBERED + 1])
def test_what_is_forgotten_may_come_again(n):
    """12 4 came, then many a 20, then 12: of one token more than is remembered 4 may follow."""
    heard = [12, 4, *[20] * (n - 3), 12]
    came = support(PLAIN.but(no_repeat_ngram=2), np.zeros(V), heard, GROUP_OF)
    assert (4 in came) == (n > MOST_REMEMBERED)
    penalised = PLAIN.but(repetition_penalty=100.0, repetition_window=4096)
    heard = [13, *[4] * (n - 1)]
    counts = np.bincount(draw(penalised, np.zeros(V, np.float32), heard=heard, n=20_000))
    assert (counts[13] > 500) == (n > MOST_REMEMBERED)


def test_what_is_no_sampler_is_refused():
    for group_of in (np.zeros(V + 1, np.uint8), np.zeros(V), np.full(V, 3, np.uint8)):
        with pytest.raises(ShapeError, match="group_of must be uint8"):
            Sampler(V, group_of=group_of)
    needing = ("temperature_rhythm", "temperature_pitch", "repetition_penalty", "no_repeat_ngram")
    for name in needing:
        with pytest.raises(ConfigError, match="give group_of"):
            Sampler(V, **{name: 2})
    sampler = Sampler(V)
    for tokens, dtype in (([V], "i4"), ([-1], "i4"), ([[1]], "i4"), ([1], "f8"), ([1], "i8")):
        with pytest.raises(ShapeError, match="tokens must be"):
            sampler.hear_py(np.array(tokens, dtype))
    with pytest.raises(ShapeError, match="a sampler of 24"):
        sampler.copy_state_from(Sampler(V + 1))
    for allowed, logits in ((ALL[1:], LOGITS), (ALL, LOGITS[1:]), (LOGITS, ALL)):
        with pytest.raises(ShapeError, match="allowed and logits"):
            sampler.draw_py(allowed, logits, np.zeros(1, np.uint64))
