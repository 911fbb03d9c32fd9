"""Drafts of a gap are compared by how they lead on: at its end, and at bar lines within it."""

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
from lstm_music.generate.joins import join_log_probs, joined_at, joined_notes
from lstm_music.generate.loop import NEVER
from lstm_music.generate.populations import (
    _go_on_from_best,
    _n_drafts,
    _steered_lines,
    by_join,
)
from lstm_music.nn.odds import drawn
from lstm_music.nn.sampling import Sampling

SEED = lm.read(MIDI_DATA / "chorale.mid")
COMPOSER = random_composer(6, met=PLAIN, scale=2.0)


class Letter:
    """A draft that is but a name."""

    def __init__(self, name):
        self.name = name

    def copy_state_from(self, other):
        self.name = other.name


@pytest.fixture(scope="module")
def work():
    request = Request("infill", SEED, bars=(2, 4), in_character=False)
    return get_ready(COMPOSER._engine, request, SEED, 1)


def bar_line(work, bars):
    line = work.prompt.start_steps
    for _ in range(bars):
        line = work.prompt.context.bar_lines.bar_end(line)
    return line


def stopped(work, line, stream=0):
    draft = work.begin(Sampling(), 1, stream)
    draft.set_edge(line)
    draft.run()
    return draft


def test_a_draft_stops_before_the_move_to_an_edge(work):
    line = bar_line(work, 1)
    for stream in range(8):
        draft = stopped(work, line, stream)
        assert work.prompt.start_steps <= draft.score.onset_steps < line
        whole = stopped(work, NEVER, stream).tokens
        assert whole[: len(draft.tokens)].tolist() == draft.tokens.tolist()
        assert len(whole) > len(draft.tokens)


def test_a_stop_changes_nothing(work):
    """Neither what is written nor how likely it is: the move that led to the edge counts once."""
    lines = [bar_line(work, bars) for bars in (1, 2)]
    for stream in range(4):
        drafts = [work.begin(Sampling(), 1, stream) for _ in range(2)]
        for draft in drafts:
            draft.weigh = True
        for line in [*lines, NEVER]:
            drafts[1].set_edge(line)
            drafts[1].run()
        drafts[0].run()
        whole, paused = drafts
        assert paused.tokens.tolist() == whole.tokens.tolist()
        assert paused.log_prob == whole.log_prob
        assert paused.given_log_prob == whole.given_log_prob


def test_at_a_bar_line_the_same_bars_are_heard_earlier(work):
    line = bar_line(work, 1)
    drafts = [stopped(work, line, stream) for stream in range(3)]
    earlier = work.prompt.end_steps - line
    behind = work.prompt.context.notes
    behind = behind[behind["onset_steps"] >= work.prompt.end_steps]
    expected = [(n["onset_steps"] - earlier, n["track"], n["pitch_midi"]) for n in behind]
    sounding = {
        (track, pitch): onset + duration
        for draft in drafts
        for onset, duration, pitch, _, track, _ in draft.score.notes().tolist()
        if onset + duration > line
    }
    stop = work.prompt.context.bar_lines.bar_end(bar_line(work, 2))
    expected = [
        tuple(map(int, one))
        for one in expected
        if one[0] < stop and sounding.get((one[1], one[2]), 0) <= one[0]
    ]
    (heard,) = joined_at(work, [drafts], line)
    for draft, one in zip(drafts, heard, strict=True):
        notes = one.score.notes()[draft.score.n_notes :]
        found = [(n["onset_steps"], n["track"], n["pitch_midi"]) for n in notes]
        assert [tuple(map(int, n)) for n in found] == expected
    assert 5 < len(expected) <= joined_notes(work)


def test_all_go_on_from_the_draft_that_joins_best_at_a_bar_line(work, monkeypatch):
    best, lines = 5, []

    def heard(_, groups, line, threads):
        lines.append(line)
        return [
            [SimpleNamespace(given_log_prob=float(i == best)) for i in range(len(group))]
            for group in groups
        ]

    monkeypatch.setattr(populations, "joined_at", heard)
    monkeypatch.setattr(populations, "COPIES", populations.MOST_DRAFTS)
    ((draft, _),) = by_join(work, Sampling(), 1, [0], 1)
    assert lines == [bar_line(work, bars) for bars in (1, 2)]
    start = stopped(work, lines[-1], best * populations._COPIES_APART).tokens
    assert draft.tokens[: len(start)].tolist() == start.tolist()


def test_the_best_stay_and_the_others_become_copies_of_them(monkeypatch):
    monkeypatch.setattr(populations, "COPIES", 3)
    drafts = [Letter(name) for name in "abcdefg"]
    _go_on_from_best(drafts, [1.0, 7.0, 2.0, 5.0, 5.0, 0.0, 3.0])
    assert Counter(draft.name for draft in drafts) == {"b": 4, "d": 3}
    assert (drafts[1].name, drafts[3].name) == ("b", "d")


def test_a_dense_gap_has_fewer_drafts_and_a_further_take_fewer_yet(work, monkeypatch):
    for notes, first, further in ((1, 32, 5), (40, 12, 2), (80, 8, 2), (5000, 8, 2)):
        monkeypatch.setattr(populations, "joined_notes", lambda _, n=notes: n)
        assert (_n_drafts(work, 0), _n_drafts(work, 1), _n_drafts(work, 7)) == (
            first,
            further,
            further,
        )
        assert _n_drafts(work, populations.DRAFTS_APART) == first  # of the first take again


def test_dense_music_is_compared_at_its_end_alone(work, monkeypatch):
    lines = [bar_line(work, bars) for bars in (1, 2)]
    for notes, found in ((1, lines), (60, lines), (61, [])):
        monkeypatch.setattr(populations, "joined_notes", lambda _, n=notes: n)
        assert _steered_lines(work) == found


def test_one_draft_is_kept_with_its_join(work, monkeypatch):
    monkeypatch.setattr(populations, "STEERED_LINES", 0)
    ((draft, join),) = by_join(work, Sampling(), 1, [0], 1)
    apart = populations._COPIES_APART
    alone = work.compose(Sampling(), 1, [i * apart for i in range(_n_drafts(work, 0))], 1)
    joins = join_log_probs(work, alone).tolist()
    kept = joins.index(join)
    assert draft.tokens.tolist() == alone[kept].tokens.tolist()


def test_drafts_are_kept_with_the_odds_of_their_joins():
    odds = np.log([0.1, 0.6, 0.3]) - 400
    numbers = [populations._uniform(1, stream) for stream in range(3000)]
    counts = Counter(drawn(odds, number) for number in numbers)
    assert {i: round(n / 3000, 1) for i, n in counts.items()} == {0: 0.1, 1: 0.6, 2: 0.3}
    assert drawn(np.array([0.0, 50.0, -np.inf]), 1 - 2**-53) == 1
