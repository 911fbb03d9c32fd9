"""Particles: what they weigh, how they are chosen, and that the gap's future decides."""

import itertools
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate import populations
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import get_ready
from lstm_music.generate.populations import _normalised, _systematic, by_beam, by_particles
from lstm_music.nn.sampling import Sampling

SEED = lm.read(MIDI_DATA / "chorale.mid")


@pytest.fixture(scope="module")
def work():
    composer = random_composer(6, old=True, met=PLAIN, scale=2.0)
    return get_ready(composer._engine, Request("infill", SEED, bars=(3, 4), tracks="2"), SEED, 1)


def test_weights_of_any_size_become_chances():
    chances = _normalised(np.array([-5000.0, -5000.0 + np.log(3)]))
    assert chances.tolist() == pytest.approx([0.25, 0.75])


def test_each_is_chosen_about_as_often_as_its_chance():
    rng = np.random.default_rng(1)
    chances = rng.dirichlet(np.ones(32))
    counts = np.mean([np.bincount(_systematic(chances, rng), minlength=32) for _ in range(2000)], 0)
    assert counts == pytest.approx(32 * chances, abs=0.06)
    for _ in range(50):
        one = np.bincount(_systematic(chances, rng), minlength=32)
        assert one.sum() == 32
        assert (np.abs(one - 32 * chances) < 1 + 1e-9).all()


def test_the_weight_of_a_bar_is_that_of_the_bar_alone(work, monkeypatch):
    """What was weighed at one bar line is not weighed again at the next."""
    seen = []
    monkeypatch.setattr(
        populations, "_normalised", lambda w: seen.append(w) or np.eye(len(w))[int(np.argmax(w))]
    )
    chosen = by_particles(work, Sampling(), 1, 0)
    assert len(seen) == 2  # two bar lines; behind them the join decides
    assert chosen.given_log_prob <= sum(w.max() for w in seen) + 1e-6
    assert all(len(set(w.tolist())) > 1 for w in seen[:2])


def test_particles_make_what_is_given_likelier_than_one_draft_does(work):
    alone, many = [], []
    for i in range(12):
        (draft,) = populations_of_one(work, i)
        alone.append(draft.given_log_prob)
        many.append(by_particles(work, Sampling(), 1, i).given_log_prob)
    assert np.mean(many) > np.mean(alone) + 0.5


def populations_of_one(work, i):
    draft = work.begin(Sampling(), 1, i)
    draft.weigh = True
    draft.run()
    return [draft]


class Coin:
    """A draft of a toy music: a bar is 0 or 1, and tells how likely what is given beside it is."""

    STAYS = 0.6  # chance that a bar is like the one before it; before the first there is a 0
    FITS = np.array([[0.9, 0.2], [0.3, 0.5], [0.1, 0.6]])  # of each bar, as 0 and as 1

    def __init__(self, rng):
        self.rng, self.bars, self.given_log_prob = rng, (), -2.0
        self.line = 0

    def set_pause(self, line):
        self.line = line

    def copy_state_from(self, other):
        self.bars, self.given_log_prob = other.bars, other.given_log_prob

    def run(self):
        if self.line != populations.NEVER:
            last = self.bars[-1] if self.bars else 0
            new = last if self.rng.random() < self.STAYS else 1 - last
            self.given_log_prob += np.log(self.FITS[len(self.bars), new])
            self.bars += (new,)

    @classmethod
    def posterior(cls):
        """The chance of each music, given what stands beside it, by listing them all."""
        chances = {}
        for bars in itertools.product((0, 1), repeat=3):
            moves = zip((0, *bars), bars, strict=False)
            prior = np.prod([cls.STAYS if a == b else 1 - cls.STAYS for a, b in moves])
            chances[bars] = prior * np.prod([cls.FITS[i, bar] for i, bar in enumerate(bars)])
        total = sum(chances.values())
        return {bars: chance / total for bars, chance in chances.items()}


def test_particles_are_drawn_as_often_as_enumeration_says(monkeypatch):
    """Of what the filter keeps, one by chance is a music with its chance given the rest."""
    rng = np.random.default_rng(5)
    lines = SimpleNamespace(bar_end=lambda at: at + 96)
    prompt = SimpleNamespace(
        start_steps=0, end_steps=3 * 96, context=SimpleNamespace(bar_lines=lines)
    )
    engine = SimpleNamespace(weights=None)
    toy = SimpleNamespace(begin=lambda *_: Coin(rng), prompt=prompt, engine=engine)
    monkeypatch.setattr(populations, "run_together", lambda drafts: [d.run() for d in drafts])
    monkeypatch.setattr(populations, "join_log_probs", lambda _, drafts: rng.random(len(drafts)))
    n = 1500
    found = Counter(by_particles(toy, Sampling(), 1, i).bars for i in range(n))
    for bars, chance in Coin.posterior().items():
        assert found[bars] / n == pytest.approx(chance, abs=0.04)


def test_one_number_one_draft(work):
    first = by_particles(work, Sampling(), 3, 1).tokens.tolist()
    assert by_particles(work, Sampling(), 3, 1).tokens.tolist() == first
    assert by_particles(work, Sampling(), 3, 2).tokens.tolist() != first
    assert by_particles(work, Sampling(), 4, 1).tokens.tolist() != first


def test_a_wider_beam_is_likelier(work):
    def nats(width):
        found = [by_beam(work, Sampling(), 1, i, width) for i in range(10)]
        before = work.base.score.n_notes
        return np.mean([d.log_prob / (1 + d.score.n_notes - before) for d in found])

    assert nats(8) > nats(2) > nats(1)
