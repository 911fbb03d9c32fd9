"""The command line: exit codes, one clear line for each fault, nothing lost or half written."""

import dataclasses
import json
import os
import subprocess
import sys

import mido
import pytest
from paths import MIDI_DATA
from smf_bytes import END, NOTE, smf

from lstm_music.cli.train import command as train
from lstm_music.nn.config import DROPOUT_KINDS
from lstm_music.nn.optim import OPTIMISERS
from lstm_music.training.config import TrainConfig

CHORALE = MIDI_DATA / "chorale.mid"


def one_line(err):
    lines = [line for line in err.splitlines() if line.strip()]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


def test_help_names_every_command_and_shows_an_example(call):
    code, out, _ = call("--help")
    assert code == 0
    for name in ("generate", "train", "evaluate", "inspect", "metrics", "info", "bench"):
        assert name in out
    assert "lstm-music generate --seed" in out


def test_unknown_command_and_option_are_usage_errors(call):
    assert call("compose")[0] == 2
    assert call("generate", "--sed", "x.mid")[0] == 2


def test_generate_writes_the_file_it_names(call, tmp_path):
    code, out, _ = call("generate", "--seed", CHORALE, "--bars", 2, "--rng-seed", 1)
    assert code == 0
    written = tmp_path / out.strip()
    assert written.name == "chorale-continued.mid"
    assert mido.MidiFile(written).type == 1


def test_generate_json_and_several_outputs(call, tmp_path):
    args = ["--seed", CHORALE, "--bars", 2, "--rng-seed", 7, "-n", 3, "-o", "x.mid", "--json"]
    code, out, _ = call("generate", *args)
    report = json.loads(out)
    assert code == 0
    assert report["rng_seed"] == 7
    assert [f["path"] for f in report["files"]] == [f"x-{i:03d}.mid" for i in (1, 2, 3)]
    contents = {(tmp_path / f["path"]).read_bytes() for f in report["files"]}
    assert len(contents) == 3


def test_same_rng_seed_same_bytes_for_one_and_two_threads(call, tmp_path):
    written = []
    for threads in (1, 2):
        args = ["--seed", CHORALE, "--bars", 2, "--rng-seed", 5, "-n", 2, "-o", f"t{threads}.mid"]
        assert call("generate", *args, "--threads", threads)[0] == 0
        written.append([p.read_bytes() for p in sorted(tmp_path.glob(f"t{threads}-*.mid"))])
    assert written[0] == written[1]


def test_the_random_seed_is_printed_and_stored(call, tmp_path):
    code, _, err = call("generate", "--seed", CHORALE, "--bars", 1, "-o", "x.mid")
    assert code == 0
    number = err.split()[-1]
    assert int(number) >= 0
    first = mido.MidiFile(tmp_path / "x.mid").tracks[0]
    texts = [message.text for message in first if message.type == "cue_marker"]
    assert any(f'"rng_seed":{number}' in text for text in texts)


def test_missing_seed_file(call):
    code, _, err = call("generate", "--seed", "nowhere.mid")
    assert code == 3
    assert "nowhere.mid" in one_line(err)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", b"MThd\x00\x00", b"MThd" + bytes(10)]
)
def test_unreadable_seed_file(call, tmp_path, content):
    (tmp_path / "bad.mid").write_bytes(content)
    code, _, err = call("generate", "--seed", "bad.mid")
    assert code == 3
    assert "bad.mid" in one_line(err)
    assert [p.name for p in tmp_path.iterdir()] == ["bad.mid"]


def test_a_corrupt_model_file(call, tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{}")
    code, _, err = call("generate", "--seed", CHORALE, "--model", "bad.safetensors")
    assert code == 4
    assert "bad.safetensors" in one_line(err)


def test_a_missing_model(call):
    code, _, err = call("generate", "--seed", CHORALE, "--model", "nosuch")
    assert code == 4
    assert "nosuch" in one_line(err)


def test_an_existing_output_is_kept(call, tmp_path):
    (tmp_path / "out.mid").write_bytes(b"mine")
    code, _, err = call("generate", "--seed", CHORALE, "--bars", 1, "-o", "out.mid")
    assert code == 6
    assert "--force" in one_line(err)
    assert (tmp_path / "out.mid").read_bytes() == b"mine"
    code, _, _ = call("generate", "--seed", CHORALE, "--bars", 1, "-o", "out.mid", "--force")
    assert code == 0
    assert (tmp_path / "out.mid").read_bytes()[:4] == b"MThd"


def test_an_output_folder_that_is_not_there(call):
    code, _, err = call("generate", "--seed", CHORALE, "--bars", 1, "-o", "no/where/out.mid")
    assert code != 0
    assert "no" in one_line(err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(call, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    code, _, err = call("generate", "--seed", CHORALE, "--bars", 1, "-o", folder / "out.mid")
    assert code != 0
    assert "locked" in one_line(err)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder closed even to root")
def test_a_folder_closed_even_to_root(call):
    code, _, err = call("generate", "--seed", CHORALE, "--bars", 1, "-o", "/proc/out.mid")
    assert code != 0
    assert "/proc" in one_line(err)


@pytest.mark.parametrize(
    "args", [("--temperature", "0"), ("--top-p", "1.5"), ("--min-p", "1"), ("--top-k", "-1")]
)
def test_settings_out_of_range(call, args):
    code, _, err = call("generate", "--seed", CHORALE, *args)
    assert code == 2
    assert f"{args[0]} must be" in one_line(err)


@pytest.mark.parametrize("args", [("--key", "H major"), ("--meter", "4"), ("--style", "polka")])
def test_headers_that_do_not_exist(call, args):
    code, _, err = call("generate", "--bars", 1, *args)
    assert code == 2
    assert args[1] in one_line(err)


def test_a_header_beside_a_seed_is_refused(call):
    code, _, err = call("generate", "--seed", CHORALE, "--key", "D minor")
    assert code == 2
    assert "key" in one_line(err)
    code, _, err = call("generate", "--pickup", "1/8")
    assert code == 2
    assert "pickup is for a seed" in one_line(err)


def test_info_and_inspect_and_metrics_speak_json(call):
    code, out, _ = call("info", "--json")
    assert code == 0
    assert json.loads(out)["models"]["default"]["parameters"] > 100_000
    code, out, _ = call("inspect", CHORALE, "--json")
    assert code == 0
    roles = [track["role"] for track in json.loads(out)["tracks"]]
    assert (roles[0], roles[-1]) == ("melody", "bass")
    assert json.loads(call("inspect", CHORALE, "--json", "--reader", "music21")[1])["notes"] == 250
    code, out, _ = call("metrics", CHORALE, "--json")
    assert code == 0
    assert json.loads(out)["files"][0]["distinct_pitches"] > 10


def test_inspect_shows_every_piece_of_a_file(call, tmp_path):
    path = tmp_path / "two.mid"
    path.write_bytes(smf(NOTE + END, NOTE + NOTE + END, midi_format=2))
    facts = json.loads(call("inspect", path, "--json")[1])
    assert [piece["notes"] for piece in facts["pieces"]] == [1, 2]
    assert facts["file"] == str(path)


@pytest.mark.parametrize("command", [["inspect"], ["generate", "--seed"]])
def test_strict_refuses_what_would_be_mended(command, call, tmp_path):
    path = tmp_path / "damaged.mid"
    path.write_bytes(smf("00 90 3C FF  60 80 3C 00" + END))
    code, out, err = call(*command, path, "--strict")
    assert (code, out) == (3, "")
    assert "a data byte above 127 was clamped (byte 25)" in one_line(err)
    if command == ["inspect"]:
        code, out, _ = call(*command, path, "--json")
        assert code == 0
        assert "byte 25" in json.loads(out)["repairs"][0]


def test_the_options_of_train_are_the_settings():
    """The command names what it can without loading the network; so they are held together here."""
    settings = {field.name: field.default for field in dataclasses.fields(TrainConfig)}
    given = train.make_context("train", ["music", "-o", "m.safetensors"]).params
    assert {name: given[name] for name in settings} == settings
    types = {option.name: option.type for option in train.params}
    assert list(types["optimiser"].choices) == list(OPTIMISERS)
    assert tuple(types["dropout_kind"].choices) == DROPOUT_KINDS


def test_wrong_settings_of_train_are_one_line(call):
    code, _, err = call("train", MIDI_DATA, "-o", "m.safetensors", "--momentum", "0.5")
    assert code == 2
    assert "adam takes no momentum" in one_line(err)


def test_a_script_without_stderr_survives(tmp_path):
    """A GUI host may run us with stdout and stderr set to None."""
    code = (
        "import sys; sys.stdout = sys.stderr = None\n"
        "from lstm_music.cli.main import run\n"
        f"sys.exit(run(['generate', '--seed', {str(CHORALE)!r}, '--bars', '1', '-o', 'x.mid']))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert result.returncode == 0
    assert (tmp_path / "x.mid").stat().st_size > 100
