"""What the process that composes does with a request, however strange; a small network composes."""

import base64
import json

import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.errors import ConfigError, LstmMusicError, MidiError
from lstm_music.generate.asking.record import find_record
from lstm_music.generate.asking.request import CONTROLS
from lstm_music.generate.forms.wanted import form_in
from lstm_music.midi.export.tables import as_json
from lstm_music.midi.json_piece import piece_from_json
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import make_notes
from lstm_music.serve.jobs import FORMATS, Jobs
from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import ServeError, error_code, to_json

COMPOSER = random_composer(4, met=PLAIN)
REEL = MIDI_DATA / "reel.mid"
REEL_DATA = {"data": base64.b64encode(REEL.read_bytes()).decode()}
LIMITS = Limits(bars=8, takes=4, notes=2000, avoided=2)


class SmallJobs(Jobs):
    def _composer(self, name):
        return COMPOSER


def do(method, params, *, trusted=False, files=None):
    told = []
    jobs = SmallJobs(LIMITS, "default", files)
    job = json.loads(json.dumps({"method": method, "params": params, "trusted": trusted}))
    result = jobs.do(job, told.append)
    return json.loads(to_json(result)), told


def complete(request=None, **params):
    return do("complete", {"request": request or {}, **params})[0]


def test_takes_are_those_of_the_composer():
    asked = {"task": "infill", "bars": [3, 4], "n": 2, "rng_seed": 5, "tracks": "1"}
    result = complete(asked, seed=REEL_DATA, formats=list(FORMATS))
    request = lm.Request("infill", REEL, bars=(3, 4), n=2, rng_seed=5, tracks="1")
    takes = COMPOSER.complete(request)
    assert result["rng_seed"] == 5
    assert [take["index"] for take in result["takes"]] == [0, 1]
    for shown, take in zip(result["takes"], takes):
        assert lm.read(base64.b64decode(shown["midi"])).notes.tolist() == (
            take.piece.notes.tolist()
        )
        assert [note["pitch"] for note in shown["notes"]] == take.new["pitch_midi"].tolist()
        assert [note["added"] for note in shown["notes"]] == [True] * len(take.new)
        assert piece_from_json(shown["piece"]).notes.tolist() == take.piece.notes.tolist()
        assert shown["places"] == [{"track": 0, "start_quarters": 8.0, "end_quarters": 16.0}]
        assert shown["musicxml"].startswith("<?xml")
        assert shown["csv"].startswith("track,pitch")


def test_a_take_knows_how_it_was_made():
    asked = {"bars": 2, "rng_seed": 5, "min_duration": "1/16", "pitch_range": {"1": [48, 90]}}
    (take,) = complete(asked, seed=REEL_DATA)["takes"]
    data = base64.b64decode(take["midi"])
    record = find_record(data)
    assert record.controls == {k: v for k, v in asked.items() if k != "rng_seed"}
    (again,) = COMPOSER.complete(record.request(REEL))
    assert again.piece.notes.tolist() == lm.read(data).notes.tolist()


@pytest.mark.parametrize("rank", ["drawn", "difference"])
def test_takes_are_told_one_by_one(rank):
    asked = {"bars": 2, "n": 3, "rng_seed": 2, "rank": rank}
    result, told = do("complete", {"request": asked, "seed": REEL_DATA, "events": True})
    assert "takes" not in result
    assert result["n"] == 3
    assert json.loads(to_json(told)) == complete(asked, seed=REEL_DATA)["takes"]


def test_the_seed_can_be_left_out_of_what_comes_back():
    asked = {"bars": 1, "rng_seed": 5}
    (take,) = complete(asked, seed=REEL_DATA, include_seed=False, formats=["piece"])["takes"]
    assert take["piece"]["notes"][0]["onset_quarters"] < 4
    assert len(take["piece"]["notes"]) == take["new_notes"]


def test_the_form_of_a_piece():
    (take,) = complete({"bars": 8, "form_of": REEL_DATA, "meter": "4/4", "rng_seed": 1})["takes"]
    assert find_record(base64.b64decode(take["midi"])).controls["form"]


def test_a_piece_of_notes_is_a_seed():
    notes = [
        {"pitch": 60 + i % 5, "onset_quarters": i / 2, "duration_quarters": 0.5} for i in range(16)
    ]
    seed = {"piece": {"notes": notes, "meters": [{"numerator": 4, "denominator": 4}]}}
    (take,) = complete({"bars": 1, "rng_seed": 1}, seed=seed, formats=["piece", "notes"])["takes"]
    assert take["piece"]["notes"][:16] == [
        {**note, "track": 0, "velocity": 80, "added": False}
        | {"onset_seconds": note["onset_quarters"] / 2, "duration_seconds": 0.25}
        for note in notes
    ]
    assert {note["onset_quarters"] // 4 for note in take["notes"]} == {2.0}


def test_read_gives_back_what_it_takes():
    for name in ("band", "nocturne", "jig", "waltz"):
        path = MIDI_DATA / f"{name}.mid"
        if not path.exists():
            continue
        piece = lm.read(path)
        shown = json.loads(to_json(as_json(piece)))
        back = piece_from_json(shown)
        assert back.notes.tolist() == piece.notes.tolist()
        assert back.tracks == piece.tracks
        assert (back.meters, back.tempos, back.key) == (piece.meters, piece.tempos, piece.key)
        assert (back.pickup_steps, back.pedal.tolist()) == (
            piece.pickup_steps,
            piece.pedal.tolist(),
        )
    data = {"data": base64.b64encode(REEL.read_bytes()).decode()}
    assert do("read", {"music": data})[0]["piece"] == as_json(lm.read(REEL))


def test_read_tells_the_form_and_other_formats():
    read = do("read", {"music": REEL_DATA, "formats": ["midi", "musicxml"]})[0]
    assert set(read) == {"midi", "musicxml", "form", "remarks"}
    assert read["form"] == form_in(REEL)
    assert base64.b64decode(read["midi"]) == REEL.read_bytes()
    pitches = lm.read(read["musicxml"].encode()).notes["pitch_midi"].tolist()
    assert pitches == lm.read(REEL).notes["pitch_midi"].tolist()
    with pytest.raises(ConfigError, match="formats must be an array of piece, midi"):
        do("read", {"music": REEL_DATA, "formats": ["notes"]})


NOTE = {"pitch": 60, "onset_quarters": 0, "duration_quarters": 1}
BAD_PIECES = {
    "no notes": {},
    "notes": {"notes": 5},
    "a note": {"notes": [5]},
    "pitch": {"notes": [NOTE | {"pitch": 128}]},
    "half a pitch": {"notes": [NOTE | {"pitch": 60.5}]},
    "no pitch": {"notes": [{"onset_quarters": 0, "duration_quarters": 1}]},
    "true": {"notes": [NOTE | {"pitch": True}]},
    "too late": {"notes": [NOTE | {"onset_quarters": 1e9}]},
    "before": {"notes": [NOTE | {"onset_quarters": -1}]},
    "velocity": {"notes": [NOTE | {"velocity": 0}]},
    "track": {"notes": [NOTE | {"track": 100_000}]},
    "many": {"notes": [NOTE] * 2001},
    "meter": {"notes": [NOTE], "meters": [{"numerator": 4, "denominator": 5}]},
    "tempo": {"notes": [NOTE], "tempos": [{"tempo_bpm": 0}]},
    "key": {"notes": [NOTE], "keys": [{"name": "H minor"}]},
    "program": {"notes": [NOTE], "tracks": [{"program": 128}]},
    "name": {"notes": [NOTE], "tracks": [{"name": 5}]},
    "pedal": {"notes": [NOTE], "pedal": [{"down": "yes"}]},
    "title": {"notes": [NOTE], "title": ["x"]},
}


@pytest.mark.parametrize("name", BAD_PIECES)
def test_bad_pieces_are_refused(name):
    with pytest.raises(MidiError):
        piece_from_json(BAD_PIECES[name], max_notes=2000)


BAD_PARAMS = {
    "unknown": {"sed": REEL_DATA},
    "request": {"request": [1]},
    "control": {"request": {"temprature": 1}},
    "threads": {"request": {"threads": 0}},
    "takes": {"request": {"n": 5}},
    "bars": {"request": {"bars": 9}},
    "form bars": {"request": {"form": "A64"}},
    "task": {"request": {"task": ["generate"]}},
    "seed": {"seed": "tune.mid"},
    "two seeds": {"seed": REEL_DATA | {"path": "x"}},
    "base64": {"seed": {"data": "???"}},
    "no seed": {"request": {"task": "infill"}},
    "model": {"model": 3},
    "formats": {"formats": ["wav"]},
    "formats text": {"formats": "midi"},
    "unhashable": {"formats": [["midi"]]},
    "events": {"events": "yes"},
    "avoid": {"avoid": [REEL_DATA] * 3},
    "avoided": {"avoid": [1]},
    "both forms": {"request": {"form": "AABA", "form_of": REEL_DATA}},
    "form of a path": {"request": {"form_of": "/etc/passwd"}},
}


@pytest.mark.parametrize("name", BAD_PARAMS)
def test_bad_parameters_are_refused(name):
    with pytest.raises(ConfigError):
        do("complete", {"request": {"rng_seed": 1}} | BAD_PARAMS[name])


VALUES = [0, -1, 2**70, 0.5, 1e308, "", "x", "5", "1:2", "9-3", True, [], [1, 2], [[1], {}], {}]
VALUES += [{"1": 5}, {"1": [1, 2]}, {"x": []}, {"1": None}, "\0", "\ud800", "1/8", [None], ["bass"]]


@pytest.mark.parametrize("name", ["task", *CONTROLS])
def test_any_value_of_a_control_is_taken_or_refused(name):
    """Never an error that is not ours."""
    for task in ("generate", "infill", "vary"):
        for value in VALUES:
            asked = {"task": task, "bars": 1, "rng_seed": 1, "drafts": 1}
            asked |= {"keep": "rhythm"} if task == "vary" else {}
            try:
                do("complete", {"request": asked | {name: value}, "seed": REEL_DATA})
            except LstmMusicError as error:
                assert error_code(error) != "internal", (task, value)


def test_files_of_the_machine_are_for_who_may_read_them(tmp_path):
    inside = tmp_path / "in" / "tune.mid"
    inside.parent.mkdir()
    inside.write_bytes(REEL.read_bytes())
    (tmp_path / "in" / "link.mid").symlink_to(REEL)
    files = str(tmp_path / "in")
    ask = {"request": {"bars": 1, "rng_seed": 1}}
    assert do("complete", ask | {"seed": {"path": "tune.mid"}}, files=files)
    assert do("complete", ask | {"seed": {"path": str(inside)}}, files=files)
    assert do("complete", ask | {"seed": {"path": str(REEL)}}, trusted=True)
    for path, folder in [
        (str(REEL), files),
        ("../in/../../x.mid", files),
        ("link.mid", files),
        (str(inside), None),
        ("\0", None),
    ]:
        for params in ({"seed": {"path": path}}, {"model": path}, {"avoid": [{"path": path}]}):
            with pytest.raises(LstmMusicError) as caught:
                do("complete", ask | params, files=folder)
            assert error_code(caught.value) == "bad_params" if path == "\0" else "forbidden"
            assert isinstance(caught.value, ServeError | ConfigError)


def test_a_seed_of_too_many_notes_is_refused():
    rows = [(i * 12, 12, 60, 80, 0) for i in range(2001)]
    piece = lm.Piece(notes=make_notes(rows), tracks=(lm.Track(),))
    data = {"data": base64.b64encode(to_midi_bytes(piece)).decode()}
    with pytest.raises(ServeError, match="2001 notes, more than 2000"):
        do("read", {"music": data})
