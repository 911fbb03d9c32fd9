"""What the settings of sampling make of real music, through the loop that composes."""

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import get_ready
from lstm_music.generate.planning.groups import token_groups
from lstm_music.generate.planning.ruling import rules_for
from lstm_music.generate.together import run_together
from lstm_music.nn.sampling import OTHER, PITCH, RHYTHM, Sampling
from lstm_music.tokens.vocabulary import DEFAULT

GROUPS = token_groups(DEFAULT)
N = 5


@pytest.fixture(scope="module")
def composer():
    return lm.load("chorale")


def test_every_kind_of_token_has_its_group():
    groups = {kind: set(GROUPS[list(DEFAULT[kind])].tolist()) for kind, _ in DEFAULT.ranges}
    assert {kind for kind in groups if groups[kind] == {PITCH}} == {"pitch", "drum"}
    rhythm = {kind for kind in groups if groups[kind] == {RHYTHM}}
    assert rhythm == {"long", "shift", "duration", "timing"}
    assert all(groups[kind] == {OTHER} for kind in groups.keys() - rhythm - {"pitch", "drum"})
    assert GROUPS.dtype == np.uint8


def continued(composer, sampling, *, copies):
    """Tokens of a continuation of eight bars, and how many of them are the seed's."""
    request = Request("generate", lm.read(MIDI_DATA / "chorale.mid"), bars=8)
    work = get_ready(composer._engine, request, request.seed, 1)
    generator = work.begin(sampling, 1, 0)
    if copies:
        copy = work.begin(sampling, 1, 0)
        copy.copy_state_from(generator)
        generator = copy
    n_given = len(work.base.tokens)
    run_together([generator])
    return generator.tokens, n_given


def n_copied(tokens, n_given):
    """How many new tokens complete N of rhythm and pitch: N of the seed's, N heard at all."""
    counted = np.flatnonzero(GROUPS[tokens])
    heard, of_seed, of_all = {}, 0, 0
    for end in range(N, len(counted) + 1):
        gram = tuple(tokens[counted[end - N : end]].tolist())
        if counted[end - 1] >= n_given and gram in heard:
            of_all += 1
            of_seed += heard[gram] < n_given
        heard.setdefault(gram, counted[end - 1])
    return of_seed, of_all


@pytest.mark.parametrize("copies", [False, True])
def test_nothing_is_repeated_of_the_seed_nor_of_what_is_new(composer, copies):
    """The seed is heard, too, and a copy of a generator remembers it."""
    plain = n_copied(*continued(composer, Sampling(), copies=copies))
    assert min(plain) > 5
    sampling = Sampling(no_repeat_ngram=N)
    assert n_copied(*continued(composer, sampling, copies=copies)) == (0, 0)


def test_nothing_is_forgotten_when_the_settings_change(composer):
    request = Request("generate", lm.read(MIDI_DATA / "chorale.mid"), bars=8)
    work = get_ready(composer.engine, request, request.seed, 1)
    generator = work.begin(Sampling(no_repeat_ngram=N), 1, 0)
    generator.run(max_notes=12)
    rules = rules_for(work.ruling, work.plan, work.prompt)
    generator.change(Sampling(no_repeat_ngram=N), rules)
    run_together([generator])
    assert n_copied(generator.tokens, len(work.base.tokens)) == (0, 0)


def test_together_and_on_threads_as_alone(composer):
    """With all that the sampler remembers."""
    sampling = Sampling(
        1.0,
        temperature_rhythm=0.7,
        temperature_pitch=1.2,
        typical_p=0.95,
        surprise=0.05,
        repetition_penalty=1.3,
        no_repeat_ngram=8,
    )
    seed = lm.read(MIDI_DATA / "chorale.mid")
    how = {"bars": 4, "sampling": sampling, "rng_seed": 2}
    together = composer.generate_many(seed, n=3, threads=1, **how)
    assert composer.generate_many(seed, n=3, threads=3, **how) == together
    assert composer.generate_many(seed, n=1, **how) == together[:1]
    assert len({piece.notes.tobytes() for piece in together}) == 3


@pytest.mark.parametrize(
    ("cooled", "field", "other"),
    [
        ("temperature_rhythm", "duration_steps", "pitch_midi"),
        ("temperature_pitch", "pitch_midi", "duration_steps"),
    ],
)
def test_one_can_be_cool_and_the_other_as_it_was(composer, cooled, field, other):
    def variety(**settings):
        """Nats of the distribution of each field over the notes of eight pieces."""
        sampling = Sampling(1.5, top_p=1.0, **settings)
        header = {"meter": "4/4", "key": "G major", "drafts": 1}
        pieces = composer.generate_many(n=8, bars=8, sampling=sampling, rng_seed=1, **header)
        notes = np.concatenate([piece.notes for piece in pieces])
        counts = {name: np.unique(notes[name], return_counts=True)[1] for name in (field, other)}
        shares = {name: count / count.sum() for name, count in counts.items()}
        return {name: -(share * np.log(share)).sum() for name, share in shares.items()}

    plain, cool = variety(), variety(**{cooled: 0.2})
    assert cool[field] < plain[field] - 0.3
    assert cool[other] > plain[other] - 0.2
