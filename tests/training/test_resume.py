"""A run goes on after anything, and ends with the same bytes."""

import json
import random
import signal
import subprocess
import sys
import time

import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.training.checkpoint import LAST, PREVIOUS

RUN = [sys.executable, "-m", "lstm_music", "train", str(MIDI_DATA)]
SETTINGS = {
    "hidden_size": 16,
    "embedding_size": 8,
    "layers": 1,
    "batch_size": 4,
    "chunk_steps": 32,
    "max_tokens": 12_000,
    "evaluate_every": 3_000,
    "rng_seed": 5,
}
OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()]


def train(folder, *options):
    output = ["-o", str(folder / "m.safetensors")]
    return [*RUN, *output, *OPTIONS, "--resume=auto", "--checkpoint-seconds=0", *options]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The model file of an undisturbed run, its metrics, and how long it took."""
    folder = tmp_path_factory.mktemp("whole")
    started = time.monotonic()
    subprocess.run([*train(folder), "--cache", str(folder / "cache")], check=True)
    seconds = time.monotonic() - started
    metrics = (folder / "m.run" / "metrics.jsonl").read_text()
    return (folder / "m.safetensors").read_bytes(), metrics, seconds, folder / "cache"


def finish(folder, cache):
    subprocess.run([*train(folder), "--cache", str(cache)], check=True)
    return (folder / "m.safetensors").read_bytes()


def test_killed_any_number_of_times_it_ends_the_same(whole, tmp_path):
    expected, metrics, seconds, cache = whole
    rng = random.Random(7)
    kills = 0
    while kills < 20:
        with subprocess.Popen([*train(tmp_path), "--cache", str(cache)]) as run:
            try:
                run.wait(rng.uniform(0.3, seconds))
            except subprocess.TimeoutExpired:
                run.kill()
                kills += 1
            else:
                break
    assert kills
    assert finish(tmp_path, cache) == expected
    assert (tmp_path / "m.run" / "metrics.jsonl").read_text() == metrics


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_state_to_go_on_from(whole, tmp_path, number):
    expected, _, _, cache = whole
    command = [*train(tmp_path, "--checkpoint-seconds", "1000"), "--cache", str(cache), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        run.stdout.readline()
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert "Traceback" not in err
    last = tmp_path / "m.run" / LAST
    assert last.exists()
    assert finish(tmp_path, cache) == expected


def test_time_limit_stops_and_the_rest_follows(whole, tmp_path):
    expected, _, _, cache = whole
    limited = [*train(tmp_path, "--time-limit", "0.01"), "--cache", str(cache)]
    subprocess.run(limited, check=True)
    early = lm.load(tmp_path / "m.safetensors")  # validated once, so that there is something
    assert early.metadata["training"]["tokens"] < 3_000
    assert finish(tmp_path, cache) == expected


def test_a_damaged_checkpoint_is_named_and_the_one_before_serves(whole, tmp_path):
    expected, _, _, cache = whole
    subprocess.run([*train(tmp_path, "--time-limit", "0.2"), "--cache", str(cache)], check=True)
    last = tmp_path / "m.run" / LAST
    assert (tmp_path / "m.run" / PREVIOUS).exists()
    blob = bytearray(last.read_bytes())
    blob[len(blob) // 2] ^= 1
    last.write_bytes(blob)
    notes = []
    lm_train(tmp_path, cache, notes.append)
    assert any(str(last) in note and "checksum" in note for note in notes)
    assert (tmp_path / "m.safetensors").read_bytes() == expected


def lm_train(folder, cache, on_note=lambda _: None, **changes):
    lm.train(
        MIDI_DATA,
        folder / "m.safetensors",
        cache=cache,
        resume=True,
        on_note=on_note,
        **SETTINGS | changes,
    )


def test_a_finished_run_is_left_as_it_is(whole, tmp_path):
    expected, _, _, cache = whole
    lm_train(tmp_path, cache)
    steps = []
    lm_train(tmp_path, cache, steps.append)
    assert (tmp_path / "m.safetensors").read_bytes() == expected


def test_other_settings_are_refused_by_name(whole, tmp_path):
    lm_train(tmp_path, whole[3])
    with pytest.raises(lm.ConfigError, match=r"dropout was 0\.2, is 0\.5"):
        lm_train(tmp_path, whole[3], dropout=0.5)


def test_neither_resume_nor_force_leaves_what_is_there(whole, tmp_path):
    lm_train(tmp_path, whole[3])
    with pytest.raises(lm.OutputExistsError, match="--resume auto"):
        lm.train(MIDI_DATA, tmp_path / "m.safetensors", cache=whole[3])


def test_two_trainers_do_not_share_a_folder(whole, tmp_path):
    command = [*train(tmp_path), "--cache", str(whole[3]), "--json"]
    slow = [*command, "--max-tokens", "10000000"]
    with subprocess.Popen(slow, stdout=subprocess.PIPE, text=True) as first:
        first.stdout.readline()
        second = subprocess.run(slow, capture_output=True, text=True, check=False)
        first.kill()
    assert second.returncode == 75
    assert "another process is training there" in second.stderr


def test_metrics_are_lines_of_json(whole):
    lines = [json.loads(line) for line in whole[1].splitlines()]
    assert [line["tokens"] // 3000 for line in lines] == [1, 2, 3, 4]
    assert all(line["valid_loss"] > 0 for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_a_full_disk_does_not_end_the_run(whole, tmp_path):
    """D1: files may not grow past a few bytes, as on a full disk; later there is room again."""
    import resource

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))

    command = [*train(tmp_path), "--cache", str(whole[3])]
    run = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=no_room)
    assert run.returncode == 74
    assert run.stderr.count("training goes on") == 2  # the model and the checkpoint, once each
    assert not list((tmp_path / "m.run").glob("*.tmp"))
    assert not (tmp_path / "m.safetensors").exists()
    assert finish(tmp_path, whole[3]) == whole[0]


def test_a_folder_that_is_not_there_fails_at_the_start(whole, tmp_path):
    """D2."""
    command = [*train(tmp_path / "nowhere"), "--cache", str(whole[3])]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "No such file or directory" in run.stderr
