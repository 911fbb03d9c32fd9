"""N2: odd amounts of music either train, or are refused before training with what to do."""

import shutil

import numpy as np
import pytest
from corpus_data import random_piece

import lstm_music as lm
from lstm_music.corpus.cache import token_cache
from lstm_music.corpus.ends import LEAST_PIECES
from lstm_music.nn.model_file import load_model

SETTINGS = {
    "hidden_size": 8,
    "layers": 1,
    "embedding_size": 8,
    "batch_size": 4,
    "chunk_steps": 16,
    "max_tokens": 400,
    "evaluate_every": 200,
    "rng_seed": 5,
}


class Music:
    """Files by kind, and which side chance puts each on."""

    def __init__(self, folder):
        self._folder = folder
        self._sides = {}
        rng = np.random.default_rng(2)
        for kind, count, n_onsets in (("tune", 100, 12), ("long", 4, 300), ("note", 30, 1)):
            (folder / kind).mkdir()
            for i in range(count):
                style = "drums" if kind == "note" else "folk"
                piece = random_piece(rng, n_onsets=n_onsets, style=style)
                piece.write(folder / kind / f"{i:02d}.mid")
            cache = token_cache([folder / kind])
            self._sides[kind] = {
                side: [cache.ids[i] for i in cache.indices(side)] for side in ("train", "valid")
            }

    def put(self, target, kind, **counts):
        """Copy so many pieces of each side."""
        for side, count in counts.items():
            found = self._sides[kind][side][:count]
            assert len(found) == count, f"only {len(found)} {kind} pieces are on the {side} side"
            for name in found:
                shutil.copy(self._folder / kind / name, target / f"{kind}-{name}")


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    return Music(tmp_path_factory.mktemp("kinds"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


def train(folder, **settings):
    """(progress, notes) of a run; its model composes."""
    steps, notes = [], []
    output = folder.parent / "m.safetensors"
    lm.train(folder, output, on_progress=steps.append, on_note=notes.append, **SETTINGS | settings)
    assert np.isfinite(steps[-1].best_loss)
    lm.load(output).generate(bars=1, rng_seed=1)
    return steps, notes


@pytest.mark.parametrize("counts", [{"train": 1}, {"train": 8}, {"train": 30}, {"valid": 1}])
def test_pieces_on_one_side_only_hold_out_their_last_bars(folder, music, counts):
    music.put(folder, "tune", **counts)
    _, notes = train(folder)
    n = sum(counts.values())
    assert sum(f"bars of {n} piece" in note for note in notes) == 1
    facts = load_model(folder.parent / "m.safetensors")[1]["training"]
    assert facts["corpus"]["train"] == facts["corpus"]["valid"] == n
    assert facts["settings"]["stop_after"] == 5


def test_enough_whole_pieces_are_held_out_whole(folder, music):
    music.put(folder, "tune", train=2, valid=LEAST_PIECES)
    _, notes = train(folder)
    assert f"held out: {LEAST_PIECES} whole pieces (at least {LEAST_PIECES} are enough)" in notes
    facts = load_model(folder.parent / "m.safetensors")[1]["training"]
    assert facts["corpus"]["train"] == 2
    assert facts["settings"]["stop_after"] == 0


def test_without_a_bar_line_to_cut_at_nothing_is_trained(folder, music):
    music.put(folder, "note", train=3)
    with pytest.raises(lm.ConfigError, match=r"none of 3 pieces has two bars.*give more music"):
        train(folder)
    assert not (folder.parent / "m.safetensors").exists()


def test_an_empty_folder(folder):
    with pytest.raises(lm.ConfigError, match="no usable piece; give folders of MIDI"):
        train(folder)


def test_nothing_but_files_that_cannot_be_read(folder):
    (folder / "a.mid").write_bytes(b"")
    (folder / "b.mid").write_bytes(b"MThd")
    with pytest.raises(lm.ConfigError, match=r"2 left out, first a\.mid: .+; give folders"):
        train(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"chunk_steps": 1, "batch_size": 1, "max_tokens": 60, "evaluate_every": 30},
        {"chunk_steps": 100_000},
        {"chunk_steps": 0},
        {"batch_size": 100},
        {"batch_size": 100, "chunk_steps": 0, "optimiser": "rprop"},
        {"accumulate": 50, "max_tokens": 4_000},
        {"balance": 1.0},
        {"max_tokens": 1},
        {"evaluate_every": 10**9},
    ],
    ids=str,
)
def test_settings_larger_than_the_music(folder, music, settings):
    """All of one style; no piece fills a long chunk, and there are fewer than rows."""
    music.put(folder, "tune", train=6, valid=1)
    steps, _ = train(folder, **settings)
    assert steps[-1].tokens >= (SETTINGS | settings)["max_tokens"]


def test_two_pieces_train(folder, music):
    music.put(folder, "tune", train=1, valid=1)
    train(folder)


def test_pieces_of_one_note(folder, music):
    music.put(folder, "note", train=10)
    music.put(folder, "tune", valid=1)
    train(folder)


def test_one_short_piece_among_long_ones(folder, music):
    music.put(folder, "long", train=2)
    music.put(folder, "note", train=1)
    music.put(folder, "tune", valid=1)
    train(folder, balance=0.5)
