"""`lstm-music metrics`: the same numbers as the API, for people and for programs."""

import json

from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.evaluate.metrics import groove_consistency

JIG, DRUMS = MIDI_DATA / "jig.mid", MIDI_DATA / "drums.mid"


def test_json_has_what_can_be_told_and_null_for_the_rest(call):
    code, out, _ = call("metrics", JIG, DRUMS, "--json")
    assert code == 0
    jig, drums = json.loads(out)["files"]
    assert jig["key_is_obeyed"] is jig["meter_is_obeyed"] is jig["ends_on_tonic"] is True
    assert jig["groove_consistency"] == groove_consistency(lm.read(JIG))
    assert drums["key_is_obeyed"] is drums["pitch_class_entropy"] is None


def test_a_line_a_file(call):
    code, out, _ = call("metrics", JIG, DRUMS)
    jig, drums = out.splitlines()
    assert code == 0
    assert "ends_on_tonic yes" in jig
    assert "ends_on_tonic -" in drums
    assert "n_notes 215" in drums


def test_a_file_that_cannot_be_read_leaves_the_others(call, tmp_path):
    (tmp_path / "text.mid").write_text("no music")
    code, out, err = call("metrics", tmp_path / "text.mid", JIG, tmp_path / "gone.mid")
    assert code == 3
    (line,) = out.splitlines()
    assert line.startswith(f"{JIG}: ")
    assert [name in err for name in ("text.mid", "gone.mid")] == [True, True]
    code, out, _ = call("metrics", tmp_path / "text.mid", JIG, "--json")
    assert (code, len(json.loads(out)["files"])) == (3, 1)
    code, out, _ = call("metrics", tmp_path / "text.mid", "--json")
    assert (code, out) == (3, "")
