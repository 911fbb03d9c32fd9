"""Pieces from nothing are drawn again until they are heard in their key and meter."""

import pytest

import lstm_music as lm
from lstm_music.generate.from_nothing import DRAFTS
from lstm_music.music.promises import beat_is_obeyed, key_or_mode_is_obeyed, meter_is_obeyed

HEADER = {"style": "folk", "key": "G minor", "meter": "6/8"}


@pytest.fixture(scope="module")
def composer():
    return lm.load()


def keeps(piece):
    promises = (key_or_mode_is_obeyed, beat_is_obeyed, meter_is_obeyed)
    return all(promise(piece) is not False for promise in promises)


@pytest.fixture(scope="module")
def once(composer):
    return composer.generate_many(n=60, bars=8, rng_seed=1, drafts=1, **HEADER)


@pytest.fixture(scope="module")
def redrawn(composer):
    return composer.generate_many(n=60, bars=8, rng_seed=1, **HEADER)


def test_nearly_all_keep_what_they_promise(once, redrawn):
    assert sum(map(keeps, redrawn)) >= 59
    assert sum(map(keeps, once)) < sum(map(keeps, redrawn))


def test_drums_are_heard_on_the_beats_they_are_written_on(tmp_path):
    """Or else whoever reads the file would look for other beats."""
    pieces = lm.load("drums").generate_many(n=40, bars=8, meter="4/4", rng_seed=3)
    for piece in pieces:
        piece.write(tmp_path / "drums.mid", force=True)
        back = lm.read(tmp_path / "drums.mid")
        assert back.notes["onset_steps"].tolist() == piece.notes["onset_steps"].tolist()


def test_a_first_draft_that_keeps_its_promises_stays(once, redrawn):
    for first, final in zip(once, redrawn):
        assert (first == final) == (keeps(first) or not keeps(final))


def test_one_seed_one_result_for_any_number_of_pieces_and_threads(composer, redrawn):
    assert composer.generate_many(n=60, bars=8, rng_seed=1, threads=3, **HEADER) == redrawn
    assert composer.generate_many(n=7, bars=8, rng_seed=1, threads=1, **HEADER) == redrawn[:7]


def test_the_given_key_is_judged_not_one_the_network_read(redrawn):
    assert {str(piece.key) for piece in redrawn} == {"G minor"}


@pytest.mark.parametrize(
    ("broken", "drafts", "chosen", "drawn"),
    [
        ([0], DRAFTS, 0, 1),
        ([2, 1, 0], DRAFTS, 2, 3),
        ([2, 1, 1, 2], 4, 1, 4),  # of two that break as little, the earlier
        ([1] * DRAFTS, None, 0, DRAFTS),
        ([2], 1, 0, 1),
    ],
)
def test_which_draft_is_kept(monkeypatch, composer, broken, drafts, chosen, drawn):
    judged = []

    def scripted(piece):
        judged.append(piece)
        return broken[len(judged) - 1]

    monkeypatch.setattr("lstm_music.generate.from_nothing._broken", scripted)
    piece = composer.generate(bars=2, rng_seed=5, drafts=drafts, **HEADER)
    assert (judged.index(piece), len(judged)) == (chosen, drawn)
    assert len({str(p.notes) for p in judged}) == len(judged)


def test_no_draft_is_refused(composer):
    with pytest.raises(lm.ConfigError, match=r"drafts must be 1\.\.1000, got 0"):
        composer.generate(bars=1, drafts=0)
