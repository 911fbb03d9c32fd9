"""What music has that a model has never met: named, counted and left out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from corpus_data import cache_of, random_piece

import lstm_music as lm
from lstm_music.cli.main import run
from lstm_music.corpus.coverage import Coverage, coverage_of, meter_name
from lstm_music.evaluate.unmet import in_words, unmet
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT
from lstm_music.training.job import new_model
from lstm_music.training.settings import make_config

PLAIN = Coverage(
    ("pitch", "shift", "duration", "velocity", "track"), (0,), False, ("", "folk"), True
)
NOTES = [(24 * i, 24, 60 + i, 84, 0) for i in range(8)]


@pytest.fixture(scope="module")
def model():
    """All tokens alike: every one costs the same."""
    flat = new_model(make_config({"hidden_size": 8, "embedding_size": 8, "layers": 1}))
    flat.params["head.W"][:] = 0.0
    flat.params["head.b"][:] = 0.0
    return flat


def found_in(model, piece, met=PLAIN):
    return unmet(model, met, cache_of([canonical(piece)], ["test"]), "test")


def test_nothing_is_new(model):
    found = found_in(model, Piece(make_notes(NOTES), (Track(),)))
    assert found["kinds"] == found["programs"] == found["styles"] == found["meters"] == {}
    assert found["nats_per_note"] == found["nats_per_note_without"]
    assert in_words(found) == []


def test_drums_have_loudness_wherever_it_was_met(model):
    drums = Piece(make_notes([(24 * i, 6, 36, 84, 0) for i in range(8)]), (Track(0, True),))
    met = Coverage(("shift", "duration", "velocity", "drum"), (128,), False, ("",), False)
    assert found_in(model, loud(drums), met)["kinds"] == {}
    without = Coverage(("shift", "duration", "drum"), (128,), False, ("",), False)
    assert found_in(model, loud(drums), without)["kinds"]["changes of loudness"]["tokens"] == 8


def loud(piece):
    notes = piece.notes.copy()
    notes["velocity"][::2] = 20
    return piece.replace(notes=notes)


@pytest.mark.parametrize(
    ("name", "change", "n"),
    [
        ("changes of loudness", loud, 8),
        (
            "pedal",
            lambda p: p.replace(pedal=np.array([(24, 0, True), (72, 0, False)], PEDAL_DTYPE)),
            2,
        ),
        (
            "tempo changes",
            lambda p: p.replace(tempos=(p.tempos[0], replace(Tempo.from_bpm(60), onset_steps=96))),
            1,
        ),
        ("meter changes", lambda p: p.replace(meters=(p.meters[0], Meter(96, 3, 4))), 2),
    ],
)
def test_kinds_are_named_counted_and_left_out(model, name, change, n):
    piece = change(Piece(make_notes(NOTES), (Track(),)))
    found = found_in(model, piece)
    assert list(found["kinds"]) == [name]
    assert found["kinds"][name]["tokens"] == n
    a_token = np.log(DEFAULT.n_tokens)
    assert found["kinds"][name]["nats_per_note"] == pytest.approx(n * a_token / 8, rel=1e-5)
    less = found["nats_per_note"] - found["nats_per_note_without"]
    assert less == pytest.approx(n * a_token / 8, rel=1e-5)
    assert any(name in line for line in in_words(found))
    everything = replace(PLAIN, kinds=tuple(k for k, _ in DEFAULT.ranges), dynamics=True)
    assert found_in(model, piece, everything)["kinds"] == {}


def test_tracks_on_new_instruments_go_with_their_notes(model):
    rows = NOTES + [(24 * i, 24, 40, 84, 1) for i in range(4)]
    found = found_in(model, Piece(make_notes(rows), (Track(), Track(40))))
    assert found["programs"] == {"40": 1}
    alone = found_in(model, Piece(make_notes(NOTES), (Track(),)))
    # The way back to the first track after each note of the second one is still to be paid.
    extra = 4 * np.log(DEFAULT.n_tokens) / 8
    assert found["nats_per_note_without"] <= alone["nats_per_note"] + extra + 1e-4
    only = found_in(model, Piece(make_notes(NOTES), (Track(40),)))
    assert only["nats_per_note_without"] is None
    assert "no note is left" in in_words(only)[-1]


def test_styles_and_meters_are_named(model):
    piece = Piece(make_notes(NOTES), (Track(),), (Meter(0, 5, 8),), style="piano")
    met = replace(PLAIN, meters=("4/4",))
    found = found_in(model, piece, met)
    assert (found["styles"], found["meters"]) == ({"piano": 1}, {"5/8": 1})
    assert found["nats_per_note"] == found["nats_per_note_without"]
    assert found_in(model, piece)["meters"] == {}  # a model of before meters were told


def test_a_model_file_tells_its_meters():
    rng = np.random.default_rng(1)
    met = coverage_of(cache_of([random_piece(rng) for _ in range(3)]))
    assert met.meters == ("4/4",)
    piece = Piece(make_notes(NOTES), (Track(),), (Meter(0, 6, 8),))
    assert meter_name(encode(piece)) == "6/8"
    facts = {"kinds": [], "programs": [], "dynamics": True, "styles": []}
    assert Coverage.from_dict(facts).meters == ()
    assert Coverage.from_dict(facts | {"meters": ["6/8"]}).meters == ("6/8",)


def test_the_command_line_says_so(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs").mkdir()
    loud(Piece(make_notes(NOTES), (Track(),))).write(tmp_path / "songs" / "a.mid")
    assert run(["evaluate", "songs", "--model", "folk", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "held out: the last 1 bars of 1 piece, an eighth of each" in err
    found = json.loads(out)["unmet"]
    assert "changes of loudness" in found["kinds"]
    assert run(["evaluate", "songs", "--model", "folk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("this model has never met: changes of loudness")
    assert f"without it {found['nats_per_note_without']:.3f} nats/note" in lines[-1]
    assert lm.load("folk").metadata["training"]["met"]["dynamics"] is False
