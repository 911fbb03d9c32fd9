"""The judge finds a planted difference and names it, and finds none where there is none."""

import json
import sys

import numpy as np
import pytest
from corpus_data import cache_of, random_piece

import lstm_music as lm
from lstm_music.corpus.building.build import build
from lstm_music.errors import ConfigError
from lstm_music.evaluate.judge import judge
from lstm_music.evaluate.material import comparable, first_bars, read_real, read_samples
from lstm_music.midi.write import write_midi
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes


def tunes(seed, n, style="folk"):
    rng = np.random.default_rng(seed)
    return [random_piece(rng, n_onsets=40, style=style) for _ in range(n)]


def planted(pieces):
    """With every other note half as long, and nothing else changed."""
    changed = []
    for piece in pieces:
        notes = piece.notes.copy()
        notes["duration_steps"][::2] = 3
        changed.append(piece.replace(notes=notes))
    return changed


@pytest.fixture(scope="module")
def real():
    return tunes(1, 60)


@pytest.fixture
def once(monkeypatch):
    monkeypatch.setattr("lstm_music.evaluate.tell_apart.REPEATS", 1)


def test_a_planted_difference_is_found_and_named(real):
    report = lm.judge(planted(tunes(2, 20)), real)
    for name, found in report["judges"].items():
        assert found["samples"]["auc"] > 0.95, name
        assert found["samples"]["low"] > 0.85, name
        assert found["real"]["low"] < 0.5 < found["real"]["high"], name
        assert 0.3 < found["real"]["auc"] < 0.7, name
    telling = {row["name"] for row in report["features"] if row["beyond_chance"]}
    silence = {"time in silence", "time with one note alone", "notes that last until the next"}
    assert {name for name in telling if not name.startswith("lengths")} <= silence
    lengths = next(row for row in report["features"] if row["name"] == "lengths, distinct")
    assert (lengths["samples"], lengths["real"], lengths["apart_sd"]) == (2, 1, None)
    assert lengths["auc"] == 1
    order = [
        (row["beyond_chance"], np.inf if row["apart_sd"] is None else abs(row["apart_sd"]))
        for row in report["features"]
    ]
    assert order == sorted(order, reverse=True)
    assert order[0] == (True, np.inf)


def test_samples_like_the_real_pieces_are_not_told(real):
    report = judge(tunes(3, 30), real, bars=4, rng_seed=1)
    for name, found in report["judges"].items():
        assert found["samples"]["low"] < 0.5 < found["samples"]["high"], name
    assert not any(row["beyond_chance"] for row in report["features"])
    assert (report["samples"]["pieces"], report["bars"]) == (30, 4)


def test_the_same_random_number_gives_the_same_report(real, once):
    asked = (tunes(2, 12), real)
    first, again, other = (judge(*asked, rng_seed=seed) for seed in (4, 4, 5))
    assert json.dumps(first) == json.dumps(again)
    assert first["judges"] != other["judges"]


def test_figures_of_form(real, once):
    loops = []
    for piece in tunes(5, 20):
        bar = first_bars(piece, 1).notes
        notes = np.concatenate([bar] * 16)
        notes["onset_steps"] += np.repeat(96 * np.arange(16), len(bar)).astype(np.int32)
        loops.append(piece.replace(notes=notes))
    form = judge(loops, tunes(1, 30), bars=4)["form"]
    assert form["samples"]["returning"] == form["samples"]["equal"]["1"] == 1
    assert form["real"]["returning"] == 0
    assert form["returning_distance"] == {"samples": 1, "real": 0}
    assert form["samples"]["loops"] is None  # of 4 bars
    assert form["samples"]["equal"]["8"] is None


# --- what is compared --------------------------------------------------------------------------


def in_meter(meter, n_bars=8, pickup=0, notes_of_pickup=0):
    bar = Meter.parse(meter).bar_steps
    rows = [(pickup + bar * i, 12, 60, 80, 0) for i in range(n_bars)]
    rows += [(i, 1, 72, 80, 0) for i in range(notes_of_pickup)]
    rows += [(pickup + bar * n_bars - 1, 1, 60, 80, 0)]  # up to the last bar line
    return Piece(
        notes=make_notes(rows),
        tracks=(Track(),),
        meters=(Meter.parse(meter),),
        pickup_steps=pickup,
    )


def rng():
    return np.random.default_rng(0)


def test_all_are_cut_to_equally_many_full_bars_without_a_pickup():
    samples = [in_meter("3/4", 8, pickup=24, notes_of_pickup=3)] * 19 + [in_meter("3/4", 5)]
    real = [in_meter("3/4", 20)] * 30 + [in_meter("3/4", 7)] * 4
    found = comparable(samples, real, None, rng())
    assert (found.bars, found.samples_left_out, found.real_left_out) == (8, 1, 4)
    for piece in found.samples + found.real:
        assert piece.pickup_steps == 0
        assert piece.end_steps <= 8 * 72
        assert set(piece.notes["pitch_midi"].tolist()) == {60}
        assert len(np.unique(piece.bar_lines.bars_at(piece.notes["onset_steps"]))) == 8


def test_real_drums_stand_on_the_keys_on_which_samples_are_written():
    """Drummers of electronic kits strike pads that General MIDI lacks, which we never write."""
    hits = [(24 * i, 6, key, 80, 0) for i, key in enumerate((22, 38, 26, 36) * 8)]
    piece = Piece(notes=make_notes(hits), tracks=(Track(is_drum=True),))
    cut = first_bars(piece, 8)
    assert cut.notes["pitch_midi"].tolist() == [42, 38, 46, 36] * 8


def test_real_pieces_have_the_meters_of_the_samples_in_their_shares():
    samples = [in_meter("3/4")] * 30 + [in_meter("4/4")] * 10 + [in_meter("5/4")]
    real = [in_meter("3/4")] * 60 + [in_meter("4/4")] * 100 + [in_meter("6/8")] * 50
    found = comparable(samples, real, None, rng())
    meters = [str(piece.meters[0]) for piece in found.real]
    assert {meter: meters.count(meter) for meter in set(meters)} == {"3/4": 60, "4/4": 20}
    assert len(found.samples) == 40
    assert (found.samples_left_out, found.real_left_out) == (1, 130)


def test_a_rare_meter_does_not_decide_how_many():
    samples = [in_meter("4/4")] * 39 + [in_meter("5/4")]
    real = [in_meter("4/4")] * 100 + [in_meter("5/4")]
    assert len(comparable(samples, real, None, rng()).real) == 101


def test_more_than_500_are_not_looked_at():
    found = comparable([in_meter("4/4", 4)] * 600, [in_meter("4/4", 4)] * 501, None, rng())
    assert (len(found.samples), len(found.real)) == (500, 500)


def test_a_cache_gives_what_it_holds_out():
    folk = tunes(1, 6)
    corpus = cache_of([*folk, *tunes(2, 2, "lead")], ["train"] * 4 + ["valid", "test"] * 2)
    assert read_real(corpus, "folk") == folk[4:]
    assert read_real(corpus, "folk", "train") == folk[:4]
    assert read_real(corpus, "folk", "test") == [folk[5]]
    assert len(read_real(corpus, None, "all")) == 8
    assert len(read_real(corpus)) == 4
    with pytest.raises(ConfigError, match="no piece is of the style 'chorale'"):
        read_real(corpus, "chorale")


def test_folders_files_and_pieces_are_read_alike(tmp_path):
    pieces = tunes(1, 3)
    for i, piece in enumerate(pieces):
        write_midi(piece, tmp_path / f"{i}.mid")
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    told = []
    folder = read_samples(tmp_path, pieces, lambda *words: told.append(words))
    files = read_samples([tmp_path / f"{i}.mid" for i in range(3)], pieces)
    for found in (folder, files, read_samples(pieces, pieces), read_real(tmp_path)):
        assert [p.notes.tolist() for p in found] == [p.notes.tolist() for p in pieces]
    assert [id_ for id_, _ in told] == ["broken.mid"]


def test_samples_are_read_as_the_cache_was(tmp_path):
    from lstm_music.corpus.building.options import CorpusOptions

    (tmp_path / "real").mkdir()
    loose = in_meter("4/4").notes.copy()
    loose["onset_steps"][1:] += 1
    for folder, notes in (("real", in_meter("4/4").notes), ("samples", loose)):
        (tmp_path / folder).mkdir(exist_ok=True)
        write_midi(in_meter("4/4").replace(notes=notes), tmp_path / folder / "a.mid")
    build([str(tmp_path / "real")], tmp_path / "c", CorpusOptions(timing="straight"), jobs=1)
    (played,) = read_samples(tmp_path / "samples", tmp_path / "real")
    assert played.notes["onset_steps"][1] % 6
    for cache in (tmp_path / "c", (str(tmp_path / "c"),)):
        (straight,) = read_samples(tmp_path / "samples", cache)
        assert not straight.notes["onset_steps"][1] % 6


def test_too_few_or_too_short():
    some, enough = [in_meter("4/4")] * 9, [in_meter("4/4")] * 20
    for samples, real, bars, words in (
        (some, enough, None, r"9 samples of 8 full bars \(of 9\): at least 10 are needed"),
        (enough, some, None, r"9 real pieces of 8 full bars \(of 9\): at least 20 are needed"),
        (enough, enough, 9, r"0 samples of 9 full bars \(of 20\)"),
        (enough, [in_meter("3/4")] * 20, None, "0 samples in a meter of the real pieces"),
        (enough, [in_meter("4/4")] * 9 + [in_meter("3/4")] * 11, None, "9 real pieces in the samp"),
        ([in_meter("4/4", 3)] * 20, enough, None, "pieces of 3 bars tell too little"),
        ([Piece()] * 20, enough, None, "pieces of 0 bars tell too little"),
        ([], enough, None, "0 samples of 4 full bars"),
    ):
        with pytest.raises(ConfigError, match=words):
            comparable(samples, real, bars, rng())


def test_copies_of_one_piece_cannot_be_told_apart(real):
    with pytest.raises(ConfigError, match="no feature differs between any two"):
        judge([real[0]] * 20, [real[0]] * 20)


def test_what_cannot_be_asked(monkeypatch, real):
    with pytest.raises(ConfigError, match="side must be one of held-out, train, valid, test, all"):
        judge(real, real, side="middle")
    with pytest.raises(ConfigError, match="side needs a cache, got 'test'"):
        judge(real, real, side="test")
    with pytest.raises(ConfigError, match="no real piece is of the style 'jazz'; they are of folk"):
        judge(real, real, style="jazz")
    with pytest.raises(ConfigError, match="'jazz'; none of them names a style"):
        judge(real, [piece.replace(style="") for piece in real], style="jazz")
    with pytest.raises(ConfigError, match="no such corpus: nowhere"):
        judge("nowhere", real)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(ConfigError, match=r"lstm_music\[judge\]"):
        judge("nowhere", real)  # said before anything is read
