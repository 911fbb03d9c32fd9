"""Corpora of performances: read as they are, or as a model reads seeds."""

import json
import re

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.cli.main import run
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.cache import cache_options, token_cache
from lstm_music.errors import OutputExistsError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.performance import Manner, manner_of
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.tokens.decode import decode
from lstm_music.training.api import read_corpus
from lstm_music.training.base import load_base

SCORES = Manner(0, 0, 0, 0, 0)


@pytest.fixture
def songs(tmp_path):
    """A folder of five piano pieces, each note as loud and as late as it happens to be."""
    folder = tmp_path / "songs"
    folder.mkdir()
    for number in range(5):
        rng = np.random.default_rng(number)
        rows = [
            (12 * i + rng.integers(2), rng.integers(8, 12), 48 + rng.integers(24), v, 0)
            for i, v in enumerate(rng.integers(30, 110, 128))
        ]
        piece = Piece(notes=make_notes(rows), tracks=(Track(),))
        (folder / f"{number}.mid").write_bytes(to_midi_bytes(piece))
    return f"{folder}=piano"


def pieces(corpus):
    return [decode(corpus.piece_tokens(i)) for i in range(len(corpus.styles))]


def test_they_are_read_as_they_are_played(songs):
    manners = np.array([manner_of(piece) for piece in pieces(token_cache([songs]))])
    assert (manners[:, [0, 1]] > 0.4).all()


def test_they_are_read_as_scores_for_a_model_of_scores(songs):
    options = CorpusOptions(manners={"piano": SCORES})
    for piece in pieces(token_cache([songs], options=options)):
        assert piece.style == "piano"
        manner = manner_of(piece)
        assert (manner.onsets, manner.loudness) == (0, 0)
        assert manner.lengths == 0
        assert not piece.notes["timing_96ths"].any()  # what a score does not tell


def test_a_style_that_the_model_has_not_met_is_read_as_it_is(songs):
    options = CorpusOptions(manners={"folk": SCORES})
    assert min(manner_of(p).loudness for p in pieces(token_cache([songs], options=options))) > 0.4


def test_a_cache_tells_how_it_was_read(songs, tmp_path):
    options = CorpusOptions(manners={"piano": Manner(0.1, 0.2, 0, 0, 0.25)})
    token_cache([songs], tmp_path / "cache", options=options)
    assert cache_options(tmp_path / "cache") == options
    with pytest.raises(OutputExistsError, match="performances read as scores"):
        token_cache([songs], tmp_path / "cache")


def test_options_from_before_are_those_of_reading_as_played():
    facts = json.loads(json.dumps(CorpusOptions().to_facts()))
    del facts["manners"]
    assert CorpusOptions.from_facts(facts) == CorpusOptions()
    assert CorpusOptions.from_facts(facts | {"manners": [1]}) is None


def test_a_model_trained_on_goes_on_to_read_as_it_did(songs, tmp_path):
    first, taught, mine = (str(tmp_path / f"{name}.safetensors") for name in ("a", "b", "c"))
    sizes = {"hidden_size": 8, "embedding_size": 4, "layers": 1, "max_tokens": 2_000}
    lm.train(songs, first, **sizes)
    assert load_base(first).manners["piano"].loudness > 0.4
    model, facts = load_model(first)
    training = facts["training"]
    training["met"]["manners"] = {"piano": list(SCORES)}
    save_model(taught, model, facts["vocabulary"], training, facts["data_card"])
    lm.train(songs, mine, base=taught, max_tokens=2_000)
    manner = load_base(mine).manners["piano"]
    assert (manner.onsets, manner.loudness, manner.lengths) == (0, 0, 0)
    del training["met"]["manners"]
    save_model(taught, model, facts["vocabulary"], training, facts["data_card"])
    assert load_base(taught).manners is None


def test_evaluate_reads_as_training_did(songs, tmp_path, capsys):
    """Else a model trained on performances read as scores would be charged for playing."""
    taught, mine, notes = tmp_path / "a.safetensors", tmp_path / "b.safetensors", []
    sizes = {"hidden_size": 8, "embedding_size": 4, "layers": 1, "max_tokens": 2_000}
    lm.train(songs, taught, **sizes)
    model, facts = load_model(taught)
    training = facts["training"]
    training["met"]["manners"] = {"piano": list(SCORES)}
    save_model(taught, model, facts["vocabulary"], training, facts["data_card"])
    lm.train(songs, mine, base=taught, max_tokens=20_000, learning_rate=0.01, on_note=notes.append)
    before, now = map(float, re.findall(r"(\d+\.\d+) (?:nats a note|now)", notes[-1]))
    assert now < before
    for name, nats in ((taught, before), (mine, now)):
        assert run(["evaluate", songs, "--model", str(name), "--json", "--side", "valid"]) == 0
        table = json.loads(capsys.readouterr().out)
        assert table["piano"]["this model"]["nats_per_note"] == pytest.approx(nats, abs=0.006)
        assert not table["unmet"]["kinds"]


def test_a_cache_that_is_there_stays_as_it_was_read(songs, tmp_path):
    cache, said = tmp_path / "cache", []
    read_corpus(songs, cache, None, said.append)
    again = read_corpus(songs, cache, None, said.append, {"piano": SCORES})
    assert min(manner_of(piece).loudness for piece in pieces(again)) > 0.4
    (cache / "options.json").write_text("{}")  # of no version that is known: built anew
    anew = read_corpus(songs, cache, None, said.append, {"piano": SCORES})
    assert max(manner_of(piece).loudness for piece in pieces(anew)) == 0
