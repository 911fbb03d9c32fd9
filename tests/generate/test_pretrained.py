"""The bundled models: licensed, small, and they know what they were trained on."""

from importlib import resources

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.composer import Composer
from lstm_music.corpus.building.sources import KNOWN_STYLES
from lstm_music.corpus.copies.fingerprints import Fingerprints, copied_notes
from lstm_music.evaluate.form import form_of, returning_shares
from lstm_music.evaluate.metrics import pitch_class_entropy
from lstm_music.nn.sampling import Sampling
from lstm_music.pretrained import known_bytes, model_names

NAMES = ("default", "chorale", "drums", "folk", "piano")
SPECIALISTS = NAMES[1:]
MOST_BYTES = 30_000_000
MOST_KNOWN_BYTES = 2_000_000


def test_the_models_are_within_the_limit():
    assert model_names() == NAMES
    files = resources.files("lstm_music.pretrained").iterdir()
    assert sum(len(f.read_bytes()) for f in files if f.name.endswith(".safetensors")) < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_where_the_model_comes_from(name):
    facts = lm.load(name).metadata
    card, training = facts["data_card"], facts["training"]
    assert card["name"] == name
    assert card["licence"].startswith("MIT")
    assert all(data["licence"] and data["pieces"] > 0 for data in card["data"])
    assert 1_000_000 < training["tokens"] < training["settings"]["max_tokens"] + 2_000
    assert 0 < training["valid_nats_per_token"] < 3
    assert training["corpus"]["train"] > 0


def test_the_default_model_knows_every_style():
    with pytest.raises(lm.ConfigError, match=r"one of band, chorale, drums, .*, song, got 'jazz'"):
        lm.load().generate(bars=1, style="jazz")


@pytest.mark.parametrize("name", SPECIALISTS)
def test_a_specialist_composes_its_style_unasked(name):
    piece = lm.load(name).generate(bars=4, rng_seed=1)
    assert piece.style == name
    assert len(piece.notes) > 8
    assert all(track.is_drum for track in piece.tracks) == (name == "drums")


def test_a_specialist_refuses_other_styles():
    with pytest.raises(lm.ConfigError, match="style must be one of drums, got 'folk'"):
        lm.load("drums").generate(bars=1, style="folk")


@pytest.mark.parametrize(
    ("name", "seed"),
    [("chorale", "chorale"), ("folk", "jig"), ("drums", "drums"), ("piano", "nocturne")],
)
def test_a_specialist_foresees_its_music_better(name, seed):
    """On pieces that both were trained on: what matters here is that it is another model."""
    piece = lm.read(MIDI_DATA / f"{seed}.mid")
    mine, other = (lm.load(n).log_prob(piece).nats_per_note for n in (name, "default"))
    assert mine < other


def test_the_drums_are_sampled_as_their_card_recommends():
    drums = lm.load("drums")
    assert drums.sampling == Sampling(0.95, top_p=0.97)
    unasked = drums.generate(bars=4, rng_seed=1)
    advised = {"temperature": 1.0, "top_p": 0.98}  # from nothing
    assert unasked == drums.generate(bars=4, rng_seed=1, **advised)
    assert unasked != drums.generate(bars=4, rng_seed=1, temperature=0.9, top_p=0.95)
    assert [unasked] == drums.generate_many(n=1, bars=4, rng_seed=1)
    streamed, bold, usual = (
        [tuple(note) for note in drums.stream(unasked, bars=2, rng_seed=1, sampling=sampling)]
        for sampling in (None, drums.sampling, Sampling())
    )
    assert streamed == bold != usual


def test_a_card_that_recommends_the_impossible_is_a_damaged_model():
    drums = lm.load("drums")
    facts = drums.metadata | {"data_card": {"sampling": {"temperature": -1}}}
    with pytest.raises(lm.ModelFileError, match=r"x\.safetensors: the data card's sampling"):
        Composer(drums.model, facts, name="x.safetensors")


def test_no_such_model_names_those_there_are():
    with pytest.raises(lm.ModelFileError, match="give default, chorale, drums, folk, piano, or"):
        lm.load("jazz")


@pytest.mark.parametrize(
    ("name", "tune"),
    [
        ("default", "jig"),
        ("chorale", "chorale"),
        ("drums", "drums"),
        ("folk", "reel"),
        ("piano", None),
    ],
)
def test_a_model_knows_what_it_was_trained_on(name, tune):
    """The tunes are of the corpora that the models were trained on; there is none for piano."""
    data = known_bytes(name)
    assert len(data) <= MOST_KNOWN_BYTES
    known = Fingerprints.from_bytes(data, name)
    trained, styles = lm.load(name).metadata["training"]["corpus"], known.held_out
    assert known.pieces == pytest.approx(trained["train"], rel=0.01)
    assert set(styles) == ({*KNOWN_STYLES, ""} if name == "default" else {name})
    held_out = sum(sum(runs.values()) for runs in styles.values())
    assert held_out == pytest.approx(trained["valid"] + trained["test"], rel=0.01)
    if tune is not None:
        piece = lm.read(MIDI_DATA / f"{tune}.mid")
        assert copied_notes(piece, known) > len(piece.notes) / 2
    new = lm.load(name).generate(bars=8, rng_seed=1)
    assert copied_notes(new, known) < 40


@pytest.mark.parametrize("style", ["song", "piano", "ensemble", "band"])
def test_music_from_nothing_does_not_copy_itself(style):
    """At a temperature of 0.9 one bar in three or more is an earlier one: docs/judge.md."""
    pieces = lm.load().generate_many(n=16, style=style, bars=16, drafts=1, rng_seed=1)
    returning = returning_shares([form_of(piece) for piece in pieces]).mean()
    assert returning < 0.25
    assert style == "band" or np.mean([pitch_class_entropy(piece) for piece in pieces]) > 2.6


def test_music_from_nothing_is_for_instruments_of_its_style():
    model = lm.load()
    known = dict(model.metadata["training"]["met"]["ensembles"])
    for style in ("piano", "band", "ensemble"):
        rows = {tuple(row) for _, row in known[style]}
        found = set()
        for rng_seed in range(6):
            piece = model.generate(bars=2, style=style, rng_seed=rng_seed, drafts=1, ending="free")
            found.add(tuple(128 if t.is_drum else t.program for t in piece.tracks))
        # A track that stays silent is left out.
        assert all(any(set(some) <= set(row) for row in rows) for some in found)
        assert len(found) > 1
    asked = model.generate(bars=1, style="band", rng_seed=1, with_=["violin"], drafts=1)
    assert [track.program for track in asked.tracks] == [40]
