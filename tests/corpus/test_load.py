"""Reading a file of a corpus: keys filled in, repeats once, reasons for the rejected."""

import io

import mido
import numpy as np
from paths import MIDI_DATA

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.building import load
from lstm_music.corpus.building.facts import piece_facts
from lstm_music.corpus.building.load import read_file, with_timing
from lstm_music.corpus.building.options import CorpusOptions
from lstm_music.corpus.building.sources import SourceFile
from lstm_music.corpus.copies.duplicates import outline
from lstm_music.errors import MidiError
from lstm_music.midi import files
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.key import Key
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track, make_notes
from lstm_music.tokens.encode import encode

ABC = "X:{n}\nM:2/4\nL:1/4\nK:none\n|:CE|GE:|\nFD|C2|\n\n"


def read(path, style="", **options):
    return list(read_file(SourceFile(path.name, str(path), style=style), CorpusOptions(**options)))


def only(path):
    ((part, piece),) = read(path)
    assert part in ("", "#1")
    return piece


def test_a_tune_that_cannot_be_read_leaves_the_others(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1) + "X:2\nK:C\nz|\n" + ABC.format(n=3))
    found = dict(read(tmp_path / "a.abc"))
    assert list(found) == ["#1", "#2", "#3"]
    assert isinstance(found["#2"], MidiError)
    assert found["#1"].source == "a.abc#1"
    assert found["#3"] == found["#1"]


def test_whatever_a_reader_raises_is_a_reason(tmp_path, monkeypatch):
    def broken(path, **options):
        raise IndexError("list index out of range")

    monkeypatch.setattr(load.files, "read_pieces", broken)
    error = only(tmp_path / "a.mid")
    assert isinstance(error, MidiError)
    assert "unexpected IndexError" in str(error)


def test_repeats_are_taken_once(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    piece = only(tmp_path / "a.abc")
    assert piece.notes["pitch_midi"].tolist() == [60, 64, 67, 64, 65, 62, 60]


def test_a_missing_key_is_estimated(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    without = only(tmp_path / "a.abc").replace(key=None)
    (tmp_path / "b.mid").write_bytes(to_midi_bytes(transpose(without, 2)))
    assert only(tmp_path / "b.mid").key == Key.parse("D major")


def test_midi_and_abc_of_one_tune_agree(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    from_abc = only(tmp_path / "a.abc")
    (tmp_path / "b.mid").write_bytes(to_midi_bytes(from_abc))
    from_midi = only(tmp_path / "b.mid")
    assert from_midi.notes.tolist() == from_abc.notes.tolist()
    assert from_midi.source == "b.mid"


def test_the_style_that_the_source_tells(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    ((_, piece),) = read(tmp_path / "a.abc", style="folk")
    assert piece.style == "folk"


def test_played_timing_forgets_how_far_off_a_note_is():
    notes = np.zeros(2, NOTE_DTYPE)
    notes["onset_steps"], notes["duration_steps"] = [0, 24], 24
    exact = Piece(notes=notes, tracks=(Track(),))
    assert with_timing(exact, "played") is exact
    notes["timing_96ths"] = [1, -2]
    assert with_timing(exact.replace(notes=notes), "played") == exact


def test_timing_decides_what_is_kept_of_a_performance(tmp_path):
    """Eighths, every other one a 48th of a quarter late: half a step of the grid."""
    ticks = [240 * i + 10 * (i % 2) for i in range(65)]
    notes = [(tick, 42 + i % 3) for i, tick in enumerate(ticks)]
    (tmp_path / "a.mid").write_bytes(drum_hits(notes))
    played, straight, micro = (
        read(tmp_path / "a.mid", timing=timing)[0][1] for timing in ("played", "straight", "micro")
    )
    assert not played.notes["timing_96ths"].any()
    assert not straight.notes["timing_96ths"].any()
    for piece in (straight, micro):
        assert piece.notes["onset_steps"].tolist() == [12 * i for i in range(65)]
    assert micro.notes["timing_96ths"].tolist() == [2 * (i % 2) for i in range(65)]


def drum_hits(notes):
    """A MIDI file, 480 ticks a quarter, of (tick, key) hits on channel 10."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("time_signature", numerator=4, denominator=4)])
    now = 0
    for tick, key in notes:
        track.append(mido.Message("note_on", channel=9, note=key, velocity=80, time=tick - now))
        track.append(mido.Message("note_off", channel=9, note=key, time=60))
        now = tick + 60
    file.tracks.append(track)
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def test_strict_refuses_what_was_mended(tmp_path):
    data = bytearray((MIDI_DATA / "waltz.mid").read_bytes())
    (tmp_path / "a.mid").write_bytes(data[:-20])
    ((_, lenient),) = read(tmp_path / "a.mid")
    assert lenient.repairs
    ((_, error),) = read(tmp_path / "a.mid", strict=True)
    assert isinstance(error, MidiError)
    assert error.offset is not None


def test_the_reference_reader(tmp_path):
    (tmp_path / "a.mid").write_bytes((MIDI_DATA / "reel.mid").read_bytes())
    ((_, ours),) = read(tmp_path / "a.mid")
    ((_, reference),) = read(tmp_path / "a.mid", reader="music21")
    assert reference.notes["pitch_midi"].tolist() == ours.notes["pitch_midi"].tolist()


def test_the_bytes_of_the_file_stay_behind():
    piece = only(MIDI_DATA / "chorale.mid")
    assert files.read(MIDI_DATA / "chorale.mid").original is not None
    assert piece.original is None


def test_what_tokens_cannot_carry_is_among_the_facts():
    notes = make_notes([(24 * i + 20_000 * (i > 8), 24, 60 + i, 80, 0) for i in range(16)])
    piece = Piece(notes=notes, tracks=(Track(),))
    tokens = encode(piece)
    facts = piece_facts("", piece, tokens, outline(piece))
    assert facts["notes"] == 16
    assert [sentence for sentence, _ in facts["repairs"]] == [
        "dropped 7 notes after a gap of over 64 whole notes at step 192"
    ]
