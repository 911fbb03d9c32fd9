"""Models of versions with fewer streams: scored as ever, and widened where training goes on."""

import json
from dataclasses import replace

import numpy as np
import pytest
from corpus_data import cache_of, random_piece
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.corpus.batching.masks import MaskChances, draw_mask
from lstm_music.errors import ModelFileError
from lstm_music.evaluate.network import NetworkModel
from lstm_music.midi.read import read_midi
from lstm_music.nn.config import ModelConfig
from lstm_music.nn.model import LanguageModel
from lstm_music.nn.model_file import load_model, save_model
from lstm_music.nn.scoring import sequence_nll
from lstm_music.nn.widen import widened as brought_up
from lstm_music.pretrained import model_path
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, Vocabulary
from lstm_music.training.base import load_base
from lstm_music.training.config import TrainConfig
from lstm_music.training.job import new_model
from lstm_music.training.settings import make_config

OLD = Vocabulary.beginning(ranges=20, streams=31, styles=8)
"""Before given music was told, and with fewer styles."""

NAMES = [name for name, _ in DEFAULT.streams]
SIZES = {"embedding_size": 8, "hidden_size": 12, "layers": 2, "dropout": 0.0}


def write(path, vocabulary=OLD, text=None, **changes):
    """A model of a vocabulary, its weights random, in a file; and the model."""
    sizes = vocabulary.n_rows, vocabulary.n_tokens, vocabulary.n_streams
    model = LanguageModel.create(replace(ModelConfig(*sizes, **SIZES), **changes), 3)
    rng = np.random.default_rng(1)
    model.flat_params[:] += rng.normal(0, 0.1, model.flat_params.size).astype(np.float32)
    save_model(path, model, text or vocabulary.to_json(), {}, {})
    return model


def widened(path):
    base = load_base(path)
    return new_model(make_config(base.merged({"threads": 1})), base)


def of_now(model, vocabulary=OLD):
    return brought_up(model, vocabulary.stream_sizes, DEFAULT.stream_sizes)


@pytest.fixture(scope="module")
def music():
    return encode(canonical(read_midi(MIDI_DATA / "chorale.mid")))


def nll(model, rows, tokens, vocabulary=DEFAULT):
    """Of each token after the first; the rows are those of this version."""
    moved = np.array(DEFAULT.stream_offsets[: vocabulary.n_streams])
    rows = rows[:-1, : vocabulary.n_streams] - moved + vocabulary.stream_offsets
    (scores,) = sequence_nll(model, [(rows.astype(np.int32), tokens[1:])])
    return scores


@pytest.mark.parametrize(
    "changes", [{}, {"cell": "gru", "residual": True}, {"learned_state": True}]
)
def test_a_widened_model_scores_plain_music_as_before(tmp_path, music, changes):
    old = write(tmp_path / "old.safetensors", **changes)
    new = widened(tmp_path / "old.safetensors")
    assert (new.config.n_streams, new.config.n_rows) == (DEFAULT.n_streams, DEFAULT.n_rows)
    before = nll(old, annotate(music), music, OLD)
    after = nll(new, annotate(music), music)
    more = after - before  # a little, for the tokens that have come since
    assert more.min() > 0 and more.max() < 0.01
    assert np.ptp(before) > 0.1


def test_the_bundled_model_widened_scores_plain_music_as_before(music):
    with model_path("default") as path:
        old, facts = load_model(path)
    was = Vocabulary.from_json(facts["vocabulary"])
    models = of_now(old, was), widened("default")
    before, after = (nll(model, annotate(music), music) for model in models)
    np.testing.assert_allclose(after, before, rtol=0, atol=2e-4)


def test_an_old_model_never_says_a_new_token(tmp_path, music):
    model = of_now(write(tmp_path / "old.safetensors"))
    piano = DEFAULT.style_tokens[DEFAULT.styles.index("piano")]
    assert NetworkModel(model).log_probs(np.array([music[0], piano]))[0] < -9000
    assert NetworkModel(model).log_probs(music).min() > -50


def test_old_models_are_evaluated(tmp_path, music):
    old = write(tmp_path / "old.safetensors")
    read, _ = load_model(tmp_path / "old.safetensors")
    log_probs = NetworkModel(of_now(read)).log_probs(music)
    np.testing.assert_allclose(-log_probs, nll(old, annotate(music), music, OLD), rtol=0, atol=2e-5)


def stream_rows(model, name):
    start = DEFAULT.stream_offsets[NAMES.index(name)]
    return model.params["embedding"][start : start + dict(DEFAULT.streams)[name]]


def assert_the_same_where_it_was(new, old, vocabulary):
    starts = zip(vocabulary.stream_offsets, DEFAULT.stream_offsets, vocabulary.stream_sizes)
    for start, new_start, size in starts:
        was = old.params["embedding"][start : start + size]
        assert np.array_equal(new.params["embedding"][new_start : new_start + size], was)
    for name, values in old.params.items():
        if name != "embedding":
            assert np.array_equal(new.params[name][: len(values)], values), name


def test_the_rows_of_new_streams(tmp_path):
    old = write(tmp_path / "old.safetensors")
    new = widened(tmp_path / "old.safetensors")
    assert_the_same_where_it_was(new, old, OLD)
    assert not new.params["embedding"][OLD.n_tokens : DEFAULT.n_tokens].any()
    assert new.params["head.b"][OLD.n_tokens :].max() < old.params["head.b"].min()
    n_leads = 0
    for name in NAMES[31:]:
        rows = stream_rows(new, name)
        if name.startswith("lead_"):
            n_leads += 1
            lag = stream_rows(new, name.replace("lead_", "lag_"))
            np.testing.assert_allclose(rows, (lag - lag[0]) / 2, rtol=0, atol=1e-7)
            assert rows[1:].any()
        else:
            assert not rows.any(), name
    assert n_leads == 12


def test_a_model_of_all_streams_stays_as_it_is(tmp_path):
    model = write(tmp_path / "m.safetensors", DEFAULT)
    assert np.array_equal(widened(tmp_path / "m.safetensors").flat_params, model.flat_params)


def test_what_has_been_learnt_of_a_stream_stays(tmp_path):
    some = Vocabulary(streams=DEFAULT.streams[: NAMES.index("lead_2_pitch")])
    old = write(tmp_path / "some.safetensors", some)
    new = widened(tmp_path / "some.safetensors")
    assert_the_same_where_it_was(new, old, some)
    assert stream_rows(new, "lead_2_pitch")[1:].any()


def test_what_is_told_changes_what_a_widened_model_says(tmp_path, music):
    write(tmp_path / "old.safetensors")
    new = widened(tmp_path / "old.safetensors")
    piece = canonical(read_midi(MIDI_DATA / "chorale.mid"))
    mask = draw_mask(piece, np.random.default_rng(0), MaskChances.of(1.0))
    plain = nll(new, annotate(music), music)
    assert not np.allclose(nll(new, annotate(music, 0, mask), music), plain)


@pytest.mark.parametrize(
    "streams",
    [[*OLD.streams[:30], ("key", 31)], [*DEFAULT.streams, ("more", 2)], OLD.streams[::-1], 5],
)
def test_a_model_of_other_streams_is_refused(tmp_path, streams):
    text = json.dumps(json.loads(DEFAULT.to_json()) | {"streams": streams})
    write(tmp_path / "other.safetensors", text=text)
    with pytest.raises(ModelFileError, match=r"other\.safetensors: .*not the one of this version"):
        load_base(tmp_path / "other.safetensors")


def test_a_network_that_is_not_of_its_vocabulary_is_refused(tmp_path):
    write(tmp_path / "m.safetensors", text=DEFAULT.to_json())
    with pytest.raises(ModelFileError, match=r"31 streams of .* its vocabulary 115 of"):
        load_base(tmp_path / "m.safetensors")


@pytest.fixture
def corpus(monkeypatch):
    """Training reads this instead of files."""
    rng = np.random.default_rng(4)
    pieces = [random_piece(rng, 40, "folk") for _ in range(10)]
    found = cache_of(pieces, ["train"] * 8 + ["valid"] * 2)
    monkeypatch.setattr("lstm_music.training.api.read_corpus", lambda *_: found)
    return found


@pytest.mark.parametrize("infill", [0.0, 0.5])
def test_training_goes_on_from_an_old_model(tmp_path, corpus, infill):
    write(tmp_path / "old.safetensors")
    losses = []
    lm.train(
        "nowhere",
        tmp_path / "new.safetensors",
        base=tmp_path / "old.safetensors",
        on_progress=lambda progress: losses.append(progress.valid_loss),
        batch_size=4,
        chunk_steps=32,
        max_tokens=6_000,
        evaluate_every=2_000,
        learning_rate=0.01,
        infill=infill,
        threads=1,
    )
    new, facts = load_model(tmp_path / "new.safetensors")
    assert new.config.n_streams == DEFAULT.n_streams
    assert Vocabulary.from_json(facts["vocabulary"]) == DEFAULT
    known = [loss for loss in losses if not np.isnan(loss)]
    assert known[-1] < known[0]
    first = DEFAULT.stream_offsets[31]
    before = load_base(tmp_path / "old.safetensors")
    start = new_model(TrainConfig(**before.settings), before)
    learnt = (new.params["embedding"][first:] != start.params["embedding"][first:]).any(axis=1)
    # Without given music only "nothing is told" is ever looked up.
    nothing = np.array(DEFAULT.stream_offsets[31:73]) - first
    assert learnt[nothing].all()
    nothing_ahead = DEFAULT.stream_offsets[NAMES.index("own_low")] - first
    assert learnt[:nothing_ahead].sum() == 42 if not infill else learnt.sum() > 150
