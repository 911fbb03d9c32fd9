"""JSON and CSV of a piece hold all of it, and say what docs/formats.md says."""

import csv
import io
import json

import pytest
from hypothesis import given
from paths import MIDI_DATA, ROOT
from token_strategies import examples, pieces

import lstm_music as lm
from lstm_music.midi.export.formats import to_bytes
from lstm_music.midi.export.tables import NOTE_FIELDS
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes
from lstm_music.music.seconds import Clock

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


def facts(piece, **told):
    return json.loads(to_bytes(piece, ".json", **told))


def rows_of(piece):
    return list(csv.DictReader(io.StringIO(to_bytes(piece, ".csv").decode(), newline="")))


def steps(quarters):
    return round(24 * float(quarters))


@examples(60)
@given(pieces())
def test_every_note_is_in_both(piece):
    notes, rows = facts(piece)["notes"], rows_of(piece)
    expected = [row[:5] for row in piece.notes.tolist()]
    for found in (notes, rows):
        assert [
            (
                steps(n["onset_quarters"]),
                steps(n["duration_quarters"]),
                int(n["pitch"]),
                int(n["velocity"]),
                int(n["track"]),
            )
            for n in found
        ] == expected
    for note, row in zip(notes, rows, strict=True):
        assert list(note) == list(row) == list(NOTE_FIELDS)
        assert all(float(row[name]) == note[name] for name in NOTE_FIELDS)


@pytest.mark.parametrize("path", sorted(MIDI_DATA.glob("*.mid")), ids=lambda path: path.stem)
def test_all_else_is_in_json(path):
    piece = lm.read(path)
    found = facts(piece)
    assert (found["version"], found["title"]) == (1, piece.title)
    assert [(t["program"], t["is_drum"], t["name"]) for t in found["tracks"]] == [
        (t.program, t.is_drum, t.name) for t in piece.tracks
    ]
    meters = [
        Meter(steps(m["onset_quarters"]), m["numerator"], m["denominator"]) for m in found["meters"]
    ]
    assert tuple(meters) == piece.meters
    tempos = [Tempo.from_bpm(t["tempo_bpm"], steps(t["onset_quarters"])) for t in found["tempos"]]
    assert tuple(tempos) == piece.tempos
    assert [k["name"] for k in found["keys"]][:1] == ([str(piece.key)] if piece.key else [])
    assert len(found["keys"]) == len(piece.key_changes) + (piece.key is not None)
    assert len(found["pedal"]) == len(piece.pedal)
    assert steps(found["pickup_quarters"]) == piece.pickup_steps
    end = Clock(piece.tempos).seconds(piece.notes["onset_steps"] + piece.notes["duration_steps"])
    assert found["length_seconds"] == pytest.approx(end.max(), abs=1e-5)


def test_seconds_follow_the_tempo_and_the_player():
    notes = make_notes([(0, 24, 60, 80, 0), (24, 24, 60, 80, 0, 8), (48, 24, 60, 80, 0)])
    tempos = (Tempo(0, 500_000), Tempo(48, 1_000_000))
    piece = Piece(notes=notes, tracks=(Track(),), tempos=tempos, added_places=((0, 24, 99),))
    found = facts(piece)["notes"]
    assert [n["onset_seconds"] for n in found] == [0.0, 0.541667, 1.0]
    assert [n["duration_seconds"] for n in found] == [0.5, 0.541666, 1.0]  # over the change
    assert [n["added"] for n in found] == [False, True, True]
    assert [row["added"] for row in rows_of(piece)] == ["0", "1", "1"]


def test_what_was_asked_is_kept_in_json():
    asked = {"bars": 4, "key": "D minor"}
    found = facts(Piece(), text="rng_seed=1", request=asked)
    assert (found["text"], found["request"]) == ("rng_seed=1", asked)
    assert "request" not in facts(Piece())


def test_the_page_names_every_field():
    piece = lm.read(MIDI_DATA / "band.mid")
    found = facts(piece, request={})
    nested = [found[name][0] for name in ("tracks", "meters", "tempos", "keys", "notes")]
    names = {*found, *(name for one in nested for name in one), "down"}
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
