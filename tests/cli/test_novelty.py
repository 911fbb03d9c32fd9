"""`lstm-music novelty` on the music that we ship."""

import json
import re
import shutil

import pytest
from paths import MIDI_DATA

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.building.build import build
from lstm_music.corpus.cache import open_cache
from lstm_music.corpus.copies.fingerprints import Fingerprints, corpus_fingerprints
from lstm_music.midi.files import read
from lstm_music.midi.write import write_midi
from lstm_music.music.piece import Tempo

FORMAT_2 = b"MThd\0\0\0\6\0\2\0\2\0\x60"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("novelty") / "midi_data.cache"
    build([str(MIDI_DATA)], folder, jobs=1)
    return folder


def held_out(cache):
    corpus = open_cache(cache)
    return [corpus.ids[i] for side in ("valid", "test") for i in corpus.indices(side)]


def names_on_the_training_side(cache):
    corpus = open_cache(cache)
    return [corpus.ids[i] for i in corpus.indices("train")]


def test_a_training_file_is_known_from_end_to_end(call, cache):
    names = names_on_the_training_side(cache)
    code, out, err = call("novelty", *(MIDI_DATA / n for n in names), "--against", cache, "--json")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["known"]["pieces"] == len(names) == len(report["files"]) > 20
    for name, row in zip(names, report["files"], strict=True):
        piece = read(MIDI_DATA / name)
        assert row["file"] == str(MIDI_DATA / name)
        assert row["notes"] == len(piece.notes)
        if len(piece.notes) == 1:
            assert row["run_notes"] == 0
            continue
        is_drum = [piece.tracks[track].is_drum for track in piece.notes["track"]]
        places = zip(is_drum, piece.notes["onset_steps"], piece.notes["pitch_midi"], strict=True)
        kinds = [kind for kind, *_ in {(k, int(o), int(p)) for k, o, p in places}]
        assert row["run_notes"] == max(kinds.count(True), kinds.count(False))
        assert (row["known_piece"], row["known_bar"]) == (name, row["from_bar"])
    for name in ("reel.mid", "nocturne.mid"):
        row = report["files"][names.index(name)]
        assert row["run_notes"] == row["notes"]
        assert row["no_longer_than_percent"] == 0
        assert (row["from_bar"], row["to_bar"]) == (1, row["bars"])


def test_a_file_that_was_held_out_is_not_known(call, cache):
    (name, *_) = held_out(cache)
    code, out, _ = call("novelty", MIDI_DATA / name, "--against", cache, "--json")
    report = json.loads(out)
    (row,) = report["files"]
    assert code == 0
    assert report["held_out"]["pieces"] == len(held_out(cache))
    assert 2 <= row["run_notes"] < row["notes"] / 8
    assert row["run_notes"] <= 15
    assert row["no_longer_than_percent"] > 0
    assert row["known_piece"] not in held_out(cache)


def test_a_copy_in_another_key_and_tempo_is_found(call, cache, tmp_path):
    jig = transpose(read(MIDI_DATA / "jig.mid"), 4).replace(tempos=(Tempo.from_bpm(70),))
    write_midi(jig, tmp_path / "mine.mid")
    code, out, _ = call("novelty", "mine.mid", "--against", cache)
    assert code == 0
    known, run, verdict = out.splitlines()
    assert known.startswith("known: 22 training pieces; longest runs of the 1 held out: ")
    n_bars = jig.bar_lines.bar_at(jig.end_steps - 1) + (not jig.pickup_steps)
    first = int(not jig.pickup_steps)
    assert run == (
        f"mine.mid: {len(jig.notes)} notes in a row, bars {first} to {n_bars} of {n_bars}, "
        f"also occur in jig.mid from bar {first} on"
    )
    assert verdict == "  longer than in any held-out piece"


def test_sources_are_what_training_takes(call, cache, tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    for name in ("reel.mid", "hornpipe.mid"):
        shutil.copy(MIDI_DATA / name, folder)
    (folder / "broken.mid").write_bytes(b"MThd")
    asked = ["novelty", MIDI_DATA / "reel.mid", "--json"]
    code, out, err = call(*asked, "--against", folder, "--against", MIDI_DATA / "waltz.mid")
    report = json.loads(out)
    assert (code, report["known"]["pieces"], report["held_out"]) == (0, 3, None)
    assert report["files"][0]["known_piece"] == "songs/reel.mid"
    assert report["files"][0]["no_longer_than_percent"] is None
    assert "left out songs/broken.mid: " in err
    code, out, _ = call(*asked[:2], "--against", folder, "--cache", "c.cache")
    assert code == 0
    assert "none is held out" in out
    assert call(*asked[:2], "--against", "c.cache")[1] == out


def test_every_piece_of_a_file_is_told(call, cache, tmp_path):
    tracks = b""
    for pitches in (b"\x3c", b"\x3c\x3e\x40"):
        notes = (bytes([0, 0x90, p, 64, 48, 0x80, p, 0]) for p in pitches)
        chunk = b"".join(notes) + b"\0\xff\x2f\0"
        tracks += b"MTrk" + len(chunk).to_bytes(4, "big") + chunk
    (tmp_path / "two.mid").write_bytes(FORMAT_2 + tracks)
    code, out, _ = call("novelty", "two.mid", "--against", cache)
    assert code == 0
    assert "two.mid#1: shares no run\n" in out
    assert "two.mid#2: 3 notes in a row, bars 1 to 1 of 1, also occur in " in out
    assert "no longer than in 100 % of held-out pieces" in out


def test_what_cannot_work(call, cache, tmp_path):
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    reel = MIDI_DATA / "reel.mid"
    code, out, err = call("novelty", reel, "broken.mid", "--against", cache)
    assert (code, out) == (3, "")
    assert "broken.mid" in err
    assert len(err.splitlines()) == 1
    assert call("novelty", "nowhere.mid", "--against", cache)[0] == 3
    assert call("novelty", "--against", cache)[0] == 2
    code, _, err = call("novelty", reel, "--against", "nowhere")
    assert code == 2
    assert "no such corpus: nowhere" in err
    code, _, err = call("novelty", reel, "--against", MIDI_DATA / held_out(cache)[0])
    assert code == 2
    assert "0 training pieces, 1 held out" in err


# --- by the fingerprints of a model ------------------------------------------------------------


def test_without_a_source_the_default_model_tells(call):
    reel = MIDI_DATA / "reel.mid"  # it was trained on it
    code, out, err = call("novelty", reel)
    assert (code, err) == (0, "")
    known, *styles, run, verdict = out.splitlines()
    assert "training pieces of the model default, by their fingerprints; longest runs of" in known
    assert " ".join(line.split()[0] for line in styles) == (
        "no band chorale drums ensemble folk hymn lead piano song"
    )
    n_notes = len(read(reel).notes)
    assert run == f"{reel}: {n_notes} notes in a row, bars 1 to 16 of 16, also occur in known music"
    assert re.fullmatch(r"  no longer than in [1-5]\.\d+ % of held-out pieces", verdict)
    assert call("novelty", reel, "--model", "default")[1] == out


def test_another_model_tells_of_its_own_music(call):
    code, out, _ = call("novelty", MIDI_DATA / "reel.mid", "--model", "drums")
    assert code == 0
    known, run, _ = out.splitlines()  # one style: what is usual is told once
    assert "of the model drums" in known
    assert run.endswith("reel.mid: shares no run of 8 notes or more")


def test_the_fingerprints_of_a_cache_beside_a_model_file(call, cache, tmp_path):
    code, out, _ = call("corpus", "fingerprints", cache, "-o", "mine.known")
    assert (code, out) == (0, "mine.known\n")
    data = (tmp_path / "mine.known").read_bytes()
    assert data == corpus_fingerprints(open_cache(cache)).to_bytes()
    (tmp_path / "mine.safetensors").touch()
    names = names_on_the_training_side(cache)
    files = [MIDI_DATA / name for name in names]
    code, out, _ = call("novelty", *files, "--model", "mine.safetensors", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["known"] == {
        "model": "mine.safetensors",
        "pieces": len(names),
        "least_notes": 8,
    }
    exact = json.loads(call("novelty", *files, "--against", cache, "--json")[1])
    for row, other in zip(report["files"], exact["files"], strict=True):
        assert row.keys() == other.keys()
        assert (row["file"], row["run_notes"]) == (other["file"], other["run_notes"])


def test_fingerprints_of_one_style(call, cache, tmp_path):
    code, out, _ = call(
        "corpus", "fingerprints", cache, "-o", "x.known", "--style", "drums", "--json"
    )
    facts = json.loads(out)
    known = Fingerprints.from_bytes((tmp_path / "x.known").read_bytes())
    assert code == 0
    assert facts["output"] == "x.known"
    assert facts["pieces"] == known.pieces == 2  # drums.mid, drums_6_8.mid
    assert facts["bytes"] == (tmp_path / "x.known").stat().st_size
    assert facts["windows"]["8"] == known.sets[0].windows > 100
    again = ["corpus", "fingerprints", cache, "-o", "x.known"]
    assert call(*again)[0] == 6
    assert call(*again, "--force")[0] == 0
    assert call("corpus", "fingerprints", cache, "-o", "y.known", "--style", "jazz")[0] == 2


def test_fingerprints_that_are_missing_or_damaged(call, tmp_path):
    reel = MIDI_DATA / "reel.mid"
    (tmp_path / "mine.safetensors").touch()
    code, _, err = call("novelty", reel, "--model", "mine.safetensors")
    assert code == 4
    assert "mine.known: cannot read what mine.safetensors was trained on" in err
    assert "lstm-music corpus fingerprints CACHE -o mine.known" in err
    (tmp_path / "mine.known").write_bytes(b"LMKNOWN1 and then nothing")
    code, _, err = call("novelty", reel, "--model", "mine.safetensors")
    assert (code, len(err.splitlines())) == (4, 1)
    assert "what mine.safetensors was trained on: damaged" in err
    assert call("novelty", reel, "--model", "nowhere.safetensors")[0] == 4


def test_a_model_or_a_source(call, cache):
    reel = MIDI_DATA / "reel.mid"
    code, _, err = call("novelty", reel, "--model", "default", "--against", cache)
    assert code == 2
    assert "exclude each other" in err
    code, _, err = call("novelty", reel, "--cache", "c.cache")
    assert code == 2
    assert "give --against" in err
