"""A run goes on after anything, and ends with the same bytes."""

import itertools
import json
import random
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from paths import MIDI_DATA
from training_runs import command, finish, times, train

import lstm_music as lm
from lstm_music.training.runs.checkpoint import LAST, PREVIOUS
from lstm_music.training.runs.folder import check_same_settings

SIGNALS = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU")]


def test_killed_any_number_of_times_it_ends_the_same(whole, tmp_path):
    """K1."""
    rng = random.Random(7)
    kills = 0
    for n in itertools.count():
        folder = tmp_path / str(n)
        folder.mkdir()
        for _ in range(5):
            with subprocess.Popen(command(folder, whole.cache)) as run:
                try:
                    run.wait(rng.uniform(0.3, 0.5 + whole.seconds))
                except subprocess.TimeoutExpired:
                    run.kill()
                    kills += 1
        assert finish(folder, whole.cache) == whole.model
        assert (folder / "m.run" / "metrics.jsonl").read_text() == whole.metrics
        if kills >= times(10):
            break


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_leaves_a_state_to_go_on_from(whole, tmp_path, number):
    seldom = command(tmp_path, whole.cache, "--checkpoint-seconds=1000", "--json")
    with subprocess.Popen(seldom, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        run.stdout.readline()
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert "Traceback" not in err
    last = tmp_path / "m.run" / LAST
    assert last.exists()
    assert finish(tmp_path, whole.cache) == whole.model


def test_time_limit_stops_and_the_rest_follows(whole, tmp_path):
    subprocess.run(command(tmp_path, whole.cache, "--time-limit=0.01"), check=True)
    early = lm.load(tmp_path / "m.safetensors")  # validated once, so that there is something
    assert early.metadata["training"]["tokens"] < 3_000
    assert finish(tmp_path, whole.cache) == whole.model


def test_a_damaged_checkpoint_is_named_and_the_one_before_serves(whole, tmp_path):
    subprocess.run(command(tmp_path, whole.cache, "--time-limit=0.2"), check=True)
    last = tmp_path / "m.run" / LAST
    assert (tmp_path / "m.run" / PREVIOUS).exists()
    blob = bytearray(last.read_bytes())
    blob[len(blob) // 2] ^= 1
    last.write_bytes(blob)
    notes = []
    train(tmp_path, whole.cache, on_note=notes.append)
    assert any(str(last) in note and "checksum" in note for note in notes)
    assert (tmp_path / "m.safetensors").read_bytes() == whole.model


def test_a_finished_run_is_left_as_it_is(whole, tmp_path):
    train(tmp_path, whole.cache)
    steps = []
    train(tmp_path, whole.cache, on_progress=steps.append)
    assert steps == []
    assert (tmp_path / "m.safetensors").read_bytes() == whole.model


def test_other_settings_are_refused_by_name(whole, tmp_path):
    train(tmp_path, whole.cache)
    with pytest.raises(lm.ConfigError, match=r"dropout was 0\.2, is 0\.5"):
        train(tmp_path, whole.cache, dropout=0.5)


def test_neither_resume_nor_force_leaves_what_is_there(whole, tmp_path):
    train(tmp_path, whole.cache)
    with pytest.raises(lm.OutputExistsError, match="--resume auto"):
        lm.train(MIDI_DATA, tmp_path / "m.safetensors", cache=whole.cache)


def test_two_trainers_do_not_share_a_folder(whole, tmp_path):
    slow = command(tmp_path, whole.cache, "--json", "--max-tokens=10000000")
    with subprocess.Popen(slow, stdout=subprocess.PIPE, text=True) as first:
        first.stdout.readline()
        second = subprocess.run(slow, capture_output=True, text=True, check=False)
        first.kill()
    assert second.returncode == 75
    assert "another process is training there" in second.stderr


def test_metrics_are_lines_of_json(whole):
    lines = [json.loads(line) for line in whole.metrics.splitlines()]
    assert [line["tokens"] // 3000 for line in lines] == [1, 2, 3, 4]
    assert all(line["valid_loss"] > 0 for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_full_disk_does_not_end_the_run(whole, tmp_path):
    """D1: files may not grow past a few bytes, as on a full disk; later there is room again."""
    import resource

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))

    run = subprocess.run(
        command(tmp_path, whole.cache),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=no_room,
    )
    assert run.returncode == 74
    assert run.stderr.count("training goes on") == 2  # the model and the checkpoint, once each
    assert not list((tmp_path / "m.run").glob("*.tmp"))
    assert not (tmp_path / "m.safetensors").exists()
    assert finish(tmp_path, whole.cache) == whole.model


def test_a_run_from_before_a_setting_was_there_goes_on():
    """Each of its settings stood at its default then; another value is still refused."""
    before = SimpleNamespace(facts={"settings": {"dropout": 0.1}})
    defaults = {"dropout": 0.2, "precision": "float32"}
    check_same_settings(before, {"dropout": 0.1, "precision": "float32"}, defaults)
    with pytest.raises(lm.ConfigError, match="precision was 'float32', is 'bfloat16'"):
        check_same_settings(before, {"dropout": 0.1, "precision": "bfloat16"}, defaults)


def test_a_run_that_is_complete_says_so_when_it_goes_on(whole, tmp_path):
    train(tmp_path, whole.cache)
    notes = []
    train(tmp_path, whole.cache, on_note=notes.append)
    assert any(note.startswith("the run is complete at update") for note in notes)
    assert (tmp_path / "m.safetensors").read_bytes() == whole.model
