"""How likely takes are and how they join, against the network's own scores; their order."""

import numpy as np
import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.generate.asking.request import Request
from lstm_music.generate.complete import get_ready
from lstm_music.generate.compose import conditioning
from lstm_music.generate.joins import join_log_probs, joined, joined_notes
from lstm_music.generate.takes import (
    Take,
    likeness,
    nats_a_note,
    ranked,
)
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track, make_notes
from lstm_music.nn.sampling import Sampling
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.vocabulary import DEFAULT

COMPOSER = random_composer(5, met=PLAIN)


def scores(work, tokens, filled):
    """(N, V) logits before each token, computed in NumPy; row 0 stands for nothing.

    ``filled`` : how many tokens there are up to the end of the open places; behind them nothing
        is told of what lies ahead.
    """
    params = {name: values.astype(np.float64) for name, values in COMPOSER.model.params.items()}
    told = conditioning(work.prompt, work.ruling, work.plan)
    bars = work.prompt.total_bars
    rows = annotate(tokens, total_bars=bars, conditioning=told)
    rows[filled:] = annotate(tokens, total_bars=bars)[filled:]
    h = c = np.zeros(params["layers.0.U"].shape[1])
    found = [np.zeros(DEFAULT.n_tokens)]
    for row in rows[:-1]:
        x = params["embedding"][row].sum(axis=0)
        gates = params["layers.0.W"] @ x + params["layers.0.U"] @ h + params["layers.0.b"]
        i, f, g, o = np.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        found.append(params["head.W"] @ h + params["head.b"])
    return np.array(found)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def legal_before(tokens):
    """(N, V) which tokens are legal before each."""
    automaton, found = Automaton(len(tokens) + 8), []
    for token in tokens.tolist():
        found.append(np.asarray(automaton.legal_py(), bool))
        assert automaton.advance_py(token) == 0
    return np.array(found)


def log_shares(logits, legal, tokens):
    """Natural log of the share that each token has of the legal ones."""
    shown = np.where(legal, logits, -np.inf)
    top = shown.max(axis=1)
    mass = top + np.log(np.exp(shown - top[:, None]).sum(axis=1))
    return logits[np.arange(len(tokens)), tokens] - mass


def note(onset, pitch):
    return make_notes([(onset, 12, pitch, 80, 0)])


def take(number, nats=0.0, join=0.0, new=None):
    piece = Piece(notes=note(0, 60), tracks=(Track(),))
    return Take(piece, number, {}, note(0, 60) if new is None else new, nats, join)


def test_ranks():
    nan = float("nan")
    takes = [take(0, 2.0, nan), take(1, nan, 3.0), take(2, 1.0, 5.0), take(3, 2.0, 1.0)]
    assert [t.rng_seed for t in ranked(takes, "drawn")] == [0, 1, 2, 3]
    assert [t.rng_seed for t in ranked(takes, "likelihood")] == [2, 0, 3, 1]
    assert [t.rng_seed for t in ranked(takes, "join")] == [3, 1, 2, 0]


def test_the_rank_of_difference_puts_the_least_like_next():
    a, b, c = note(0, 60), note(12, 62), note(24, 64)
    both = np.concatenate
    takes = [
        take(0, new=both([a, b])),
        take(1, new=both([a, b])),
        take(2, new=both([a, c])),
        take(3, new=c),
    ]
    assert [t.rng_seed for t in ranked(takes, "difference")] == [0, 3, 2, 1]


def test_likeness_is_the_share_of_notes_of_either():
    none = np.empty(0, NOTE_DTYPE)
    a, b = note(0, 60), note(12, 62)
    assert likeness(a, a) == 1
    assert likeness(none, none) == 1
    assert likeness(a, none) == 0
    assert likeness(np.concatenate([a, b]), a) == 0.5


@pytest.mark.parametrize("rank", ["likelihood", "join", "difference"])
def test_a_rank_orders_and_changes_nothing(rank):
    seed = lm.read(MIDI_DATA / "chorale.mid")
    asked = {"bars": (3, 3), "tracks": "1", "n": 6, "rng_seed": 2}
    drawn = COMPOSER.complete(Request("infill", seed, **asked))
    best = COMPOSER.complete(Request("infill", seed, rank=rank, **asked))
    assert {t.new.tobytes() for t in drawn} == {t.new.tobytes() for t in best}
    if rank != "difference":
        nats = [t.nats_a_note if rank == "likelihood" else t.join_nats for t in best]
        assert nats == sorted(nats)
        assert nats[0] < nats[-1]


def test_the_join_is_how_unlikely_the_network_finds_the_two_bars_behind():
    """Of every token of them among the legal ones, as computed in NumPy."""
    seed = lm.read(MIDI_DATA / "chorale.mid")
    request = Request("infill", seed, bars=(3, 3), tracks="1")
    work = get_ready(COMPOSER._engine, request, seed, 1)
    (generator,) = work.compose(Sampling(), 1, [0], 1)
    filled = len(generator.tokens)
    n_joined = joined_notes(work)
    found = -join_log_probs(work, [generator])[0] / n_joined
    (generator,) = joined(work, [generator])
    tokens = generator.tokens
    behind = work.prompt.context.notes
    end, bar = work.prompt.end_steps, work.prompt.bar_steps
    n = int(((behind["onset_steps"] >= end) & (behind["onset_steps"] < end + 2 * bar)).sum())
    nats = -log_shares(scores(work, tokens, filled), legal_before(tokens), tokens)[filled:].sum()
    assert n > 10
    # Besides, that nothing more follows in them: one step that is not appended.
    assert -1e-3 < found * n - nats < 3


def test_the_join_is_found_without_a_look_ahead():
    """Training scores nothing that is given: told of the next notes, a network is a poor judge."""
    seed = lm.read(MIDI_DATA / "chorale.mid")
    work = get_ready(COMPOSER._engine, Request("infill", seed, bars=(3, 3)), seed, 1)
    drafts = work.compose(Sampling(), 1, [0, 1], 1)
    assert all(one.score.conditioning is None for one in joined(work, drafts))
    assert all(one.score.conditioning is not None for one in drafts)


def test_nats_a_note_are_of_what_was_drawn_alone():
    seed = lm.read(MIDI_DATA / "reel.mid")
    request = Request("infill", seed, bars=(3, 3), pitch_range=(60, 60))
    work = get_ready(COMPOSER._engine, request, seed, 1)
    (generator,) = work.compose(Sampling(), 1, [0], 1)
    notes = generator.score.n_notes - work.base.score.n_notes
    assert nats_a_note(work, generator) == pytest.approx(-generator.log_prob / notes)
    assert nats_a_note(work, generator) > 0
