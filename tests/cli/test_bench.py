"""`lstm-music bench`: rows with every field, with torch and without; nothing about speed."""

import json
import sys

import pytest
from paths import MIDI_DATA

from lstm_music.cli.main import run
from lstm_music.kernels.isa import AMX, BFLOAT16, level_name, level_ready

FIELDS = {
    "case", "threads", "isa", "ours_ms", "torch_ms", "ratio", "gflops", "peak_fraction",
    "peak_gflops", "ours_median_ms", "torch_median_ms", "torch_setting", "ours_mb", "torch_mb",
}  # fmt: skip
THEIRS = ("torch_ms", "ratio", "torch_median_ms", "torch_setting", "torch_mb")
PEEPHOLE = "H=8 L=1 B=3 T=4 V=16 cell=peephole against=ops"
TINY = {
    "train": ["train", "--cases", "H=8 L=2 B=3 T=4 V=16", "--no-memory"],
    "train --cells": ["train", "--cells", "--cases", PEEPHOLE, "--no-memory"],
    "step": ["step", "--cases", "M=3 K=8 N=32"],
    "step, a layer": ["step", "--cases", "H=8 B=3 T=4"],
    "generate": ["generate", "--cases", "H=8 L=1 V=16"],
    "generate, candidates": ["generate", "--cases", "H=8 L=2 V=16 candidates=3"],
}  # fmt: skip


@pytest.fixture
def rows(capsys):
    """Run a benchmark on one thread, as briefly as it can; its rows."""

    def _rows(*args):
        assert run(["bench", *args, "--seconds", "0", "--threads", "1", "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return _rows


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.mark.parametrize("args", TINY.values(), ids=TINY)
def test_rows_hold_every_field_and_agree_with_themselves(args, rows):
    pytest.importorskip("torch", reason="the rival: torch is not installed")
    found = rows(*args)
    assert found
    for row in found:
        assert row.keys() == FIELDS
        assert row["ratio"] == pytest.approx(row["torch_ms"] / row["ours_ms"])
        assert row["peak_fraction"] == pytest.approx(row["gflops"] / row["peak_gflops"])
        assert 0 < row["ours_ms"] <= row["ours_median_ms"]
        assert 0 < row["torch_ms"] <= row["torch_median_ms"]
        assert "oneDNN" in row["torch_setting"]
        assert row["threads"] == 1


@pytest.mark.parametrize("args", TINY.values(), ids=TINY)
def test_without_torch_its_fields_are_null(args, rows, no_torch):
    for row in rows(*args):
        assert row.keys() == FIELDS
        assert row["ours_ms"] > 0
        assert [row[name] for name in THEIRS] == [None] * len(THEIRS)


@pytest.mark.parametrize(("precision", "level"), [("bfloat16", BFLOAT16), ("amx", AMX)])
def test_bfloat16_is_measured_beside_both_precisions_of_torch(rows, precision, level):
    if not level_ready(level):
        pytest.skip(f"this CPU does not multiply in {precision}")
    pytest.importorskip("torch", reason="the rival: torch is not installed")
    wide, brief = rows(*TINY["train"], "--precision", precision)
    assert wide["case"] == brief["case"] == f"H=8 L=2 B=3 T=4 V=16 precision={precision}"
    assert wide["isa"] == brief["isa"] == level_name(level)
    assert wide["ours_ms"] == brief["ours_ms"]
    assert wide["torch_setting"] in ("oneDNN", "no oneDNN")
    assert brief["torch_setting"] == "oneDNN, bfloat16"


def test_one_line_says_that_torch_is_missing(no_torch, capsys):
    assert run(["bench", *TINY["step"], "--seconds", "0", "--json"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "torch is not installed" in line


def test_products_run_at_every_level_that_runs_here(rows, no_torch):
    from lstm_music.kernels.isa import level_names, level_ready

    ready = [name for level, name in enumerate(level_names()) if level_ready(level)]
    assert [row["isa"] for row in rows(*TINY["step"])] == ready


def test_the_memory_of_an_update_is_measured(rows, no_torch):
    # T B (8 H + 5 H) floats are kept for the way back; scratch and moments come on top.
    (row,) = rows("train", "--cases", "H=128 L=1 B=32 T=64 V=16")
    assert row["torch_mb"] is None
    assert row["ours_mb"] > 64 * 32 * 6 * 128 * 4e-6


def test_memory_of_torch_is_measured(rows):
    pytest.importorskip("torch", reason="the rival: torch is not installed")
    (row,) = rows("train", "--cases", "H=128 L=1 B=32 T=64 V=16")
    assert row["torch_mb"] > 64 * 32 * 6 * 128 * 4e-6


def test_the_table_has_a_line_a_row(capsys, no_torch):
    assert run(["bench", *TINY["step, a layer"], "--seconds", "0", "--threads", "1"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["case", "isa", "threads"]
    assert row.startswith("H=8 B=3 T=4 ")
    assert len(row.split()) == 13


@pytest.mark.parametrize("text", ["H=7", "nonsense", "H=8 L=one B=3 T=4 V=16", "", "M=8 Q=3"])
def test_a_case_that_is_none_is_a_usage_error(text, capsys):
    assert run(["bench", "train", "--cases", text]) == 2
    error = capsys.readouterr().err
    assert "H=512 L=2 B=64 T=128 V=512" in error
    assert len(error.splitlines()) == 1


def test_a_cell_that_torch_lacks_is_a_usage_error(capsys):
    pytest.importorskip("torch", reason="the rival: torch is not installed")
    case = "H=8 L=1 B=3 T=4 V=16 cell=fgr"
    assert run(["bench", "train", "--cases", case, "--no-memory"]) == 2
    assert "ops has lstm, lstm-1997" in capsys.readouterr().err


READ_FIELDS = {"case", "reader", "files", "notes", "median_ms", "best_ms", "ratio"}


@pytest.fixture
def a_folder(tmp_path):
    folder = tmp_path / "songs"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "song.MID").write_bytes((MIDI_DATA / "single_note.mid").read_bytes())
    (folder / "broken.mid").write_bytes(b"MThd")
    (folder / "notes.txt").write_text("not music")
    return folder


def test_reading_beside_others(capsys, monkeypatch, a_folder):
    monkeypatch.setattr("lstm_music.bench.read.SAMPLES", (20,))
    assert run(["bench", "read", str(a_folder), "--seconds", "0", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(row.keys() == READ_FIELDS for row in rows)
    readers = ["ours", "mido", "symusic", "music21"]
    assert {row["reader"] for row in rows} - {"symusic"} == set(readers) - {"symusic"}
    cases = {(row["case"], row["files"], row["notes"]) for row in rows}
    assert cases == {("20 notes in 4 tracks", 1, 20), ("folder songs", 1, 1)}
    for row in rows:
        ours = next(r for r in rows if r["reader"] == "ours" and r["case"] == row["case"])
        assert row["ratio"] == pytest.approx(row["median_ms"] / ours["median_ms"])


def test_reading_a_folder_without_music(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("lstm_music.bench.read.SAMPLES", ())
    assert run(["bench", "read", str(tmp_path), "--seconds", "0"]) == 2
    assert "no MIDI file" in capsys.readouterr().err


def test_tokenizing_beside_others(capsys, monkeypatch, a_folder):
    monkeypatch.setattr("lstm_music.bench.tokenize.BARS", 2)
    assert run(["bench", "tokenize", str(a_folder), "--seconds", "0", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(row.keys() == READ_FIELDS for row in rows)
    tokenizers = {"ours", "MidiTok REMI", "music21 parse"}
    assert {row["reader"] for row in rows} | {"MidiTok REMI"} == tokenizers
    cases = {(row["case"], row["notes"]) for row in rows}
    names = {(f"64 notes in 5 tracks, {how}", 64) for how in ("written", "played")}
    assert cases == names | {("folder songs", 1)}
