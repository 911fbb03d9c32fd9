"""Reading a corpus: keys filled in, reasons for the rejected, the same in parallel."""

from lstm_music.corpus import load
from lstm_music.corpus.augment import transpose
from lstm_music.corpus.load import load_pieces
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.key import Key

ABC = "X:{n}\nM:2/4\nL:1/4\nK:none\n|:CE|GE:|\nFD|C2|\n\n"


def test_one_bad_file_never_ends_it(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1) + "X:2\nK:C\nz|\n")
    (tmp_path / "b.mid").write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    (tmp_path / "c.xml").write_text("<unclosed")
    (tmp_path / "d.mid").write_bytes(b"")
    rejected, steps = {}, []
    loaded = load_pieces(
        [tmp_path],
        on_reject=lambda id_, reason: rejected.update({id_: reason}),
        progress=lambda *args: steps.append(args),
    )
    assert [one.id for one in loaded] == [f"{tmp_path}/a.abc#1"]
    assert sorted(rejected) == [f"{tmp_path}/{n}" for n in ("a.abc#2", "b.mid", "c.xml", "d.mid")]
    assert all(rejected.values())
    assert steps == [(n, 5) for n in range(1, 6)]


def test_repeats_are_taken_once(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    piece = load_pieces([tmp_path])[0].piece
    assert piece.notes["pitch_midi"].tolist() == [60, 64, 67, 64, 65, 62, 60]


def test_a_missing_key_is_estimated(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    without = load_pieces([tmp_path])[0].piece.replace(key=None)
    (tmp_path / "b.mid").write_bytes(to_midi_bytes(transpose(without, 2)))
    assert load_pieces([tmp_path / "b.mid"])[0].piece.key == Key.parse("D major")


def test_midi_and_abc_of_one_tune_agree(tmp_path):
    (tmp_path / "a.abc").write_text(ABC.format(n=1))
    from_abc = load_pieces([tmp_path])[0].piece
    (tmp_path / "b.mid").write_bytes(to_midi_bytes(from_abc))
    from_midi = load_pieces([tmp_path / "b.mid"])[0].piece
    assert from_midi.notes.tolist() == from_abc.notes.tolist()
    assert from_midi.source == str(tmp_path / "b.mid")


def test_two_processes_give_the_same_pieces_in_order(tmp_path, monkeypatch):
    (tmp_path / "a.abc").write_text("".join(ABC.format(n=n) for n in range(20)))
    alone = load_pieces([tmp_path])
    monkeypatch.setattr(load, "_SERIAL_BELOW", 0)
    together = load_pieces([tmp_path], n_jobs=2)
    assert [one.id for one in together] == [one.id for one in alone]
    assert [one.piece for one in together] == [one.piece for one in alone]
