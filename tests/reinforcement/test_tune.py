"""`lm.reinforcement.tune` and `lstm-music tune`: files, resume, the report, faults."""

import json
import shutil

import pytest
from paths import MIDI_DATA
from small_composers import PLAIN, random_composer

import lstm_music as lm
from lstm_music.cli.main import run
from lstm_music.nn.model_file import save_model
from lstm_music.reinforcement.report import compared

SMALL = {"batch_size": 2, "bars": 1, "measured_pieces": 3, "updates": 4, "threads": 1}
OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
REWARDS = {"in_key": 1.0, "density:4": 0.5}
ASKED = [f"--reward={name}={weight}" for name, weight in REWARDS.items()]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small model file."""
    path = tmp_path_factory.mktemp("base") / "small.safetensors"
    composer = random_composer(met=PLAIN, scale=0.5)
    facts = composer.metadata
    card = {"name": "small", "licence": "MIT"}
    save_model(path, composer.model, facts["vocabulary"], facts["training"], card)
    return path


@pytest.fixture(scope="module")
def whole(base, tmp_path_factory):
    """An undisturbed run: its model file, its metrics, its report."""
    folder = tmp_path_factory.mktemp("whole")
    tuned = lm.reinforcement.tune(base, folder / "m.safetensors", rewards=REWARDS, **SMALL)
    return (folder / "m.safetensors").read_bytes(), metrics(folder), tuned.report


def metrics(folder):
    return (folder / "m.run" / "metrics.jsonl").read_text()


def test_the_result_is_a_model_that_says_what_it_was_tuned_for(base, whole, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(whole[0])
    tuned = lm.load(tmp_path / "m.safetensors")
    assert tuned.metadata["data_card"]["tuned_for"] == "in_key 1, density:4 0.5"
    assert tuned.metadata["data_card"]["licence"] == "MIT"
    assert tuned.metadata["data_card"]["begun_with"] == "small.safetensors"
    how = tuned.metadata["training"]["tuned"]
    assert how["rewards"] == REWARDS
    assert how["sha256"] == lm.load(base).metadata["sha256"]
    assert how["report"] == whole[2]
    assert len(tuned.generate(bars=1, drafts=1, ending="free", rng_seed=1).meters) == 1


def test_people_see_what_a_model_was_tuned_for(whole, tmp_path, capsys):
    (tmp_path / "m.safetensors").write_bytes(whole[0])
    assert run(["inspect", str(tmp_path / "m.safetensors")]) == 0
    in_key = whole[2]["rewards"]["in_key"]
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("  tuned "))
    assert f"in_key {in_key['before']:.3f} before, {in_key['after']:.3f} now" in line
    assert f"{whole[2]['kl_nats_per_note']:.3f} nats a note" in line


def test_a_run_goes_on_from_any_update_to_the_same_bytes(base, whole, tmp_path):
    for stop in (1, 3):
        folder = tmp_path / str(stop)
        folder.mkdir()

        def interrupt(progress, stop=stop):
            if progress.step == stop:
                raise KeyboardInterrupt

        arguments = {"rewards": REWARDS, "resume": True, "checkpoint_seconds": 0, **SMALL}
        with pytest.raises(KeyboardInterrupt):
            lm.reinforcement.tune(
                base, folder / "m.safetensors", on_progress=interrupt, **arguments
            )
        assert not (folder / "m.safetensors").exists()
        notes = []
        lm.reinforcement.tune(base, folder / "m.safetensors", on_note=notes.append, **arguments)
        assert f"going on at update {stop}" in notes
        assert (folder / "m.safetensors").read_bytes() == whole[0]
        assert metrics(folder) == whole[1]


def test_metrics_have_a_line_an_update(whole):
    lines = [json.loads(line) for line in whole[1].splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert lines[0]["kl_nats_per_note"] == 0.0
    assert lines[-1]["kl_nats_per_note"] > 0.0
    assert lines[0]["rewards"].keys() == REWARDS.keys()


def test_other_rewards_do_not_go_on(base, whole, tmp_path):
    arguments = {"updates": 1, **{n: x for n, x in SMALL.items() if n != "updates"}}
    output = tmp_path / "m.safetensors"
    lm.reinforcement.tune(base, output, rewards=REWARDS, **arguments)
    with pytest.raises(lm.ConfigError, match="rewards was"):
        lm.reinforcement.tune(base, output, rewards={"in_key": 1}, resume=True, **arguments)
    with pytest.raises(lm.OutputExistsError):
        lm.reinforcement.tune(base, output, rewards=REWARDS, **arguments)


def test_a_report_names_what_else_has_moved():
    before = {
        "rewards": {"in_key": 0.5},
        "total": 0.5,
        "kl_nats_per_note": 0.0,
        "held_out": 3.0,
        "metrics": {"notes_per_bar": 6.0, "longest_repeat": 4.0},
        "spread": {"notes_per_bar": 2.0, "longest_repeat": 5.0},
    }
    after = before | {
        "rewards": {"in_key": 0.75},
        "held_out": 3.5,
        "kl_nats_per_note": 0.2,
        "metrics": {"notes_per_bar": 1.5, "longest_repeat": 8.0},
    }
    report = compared(before, after)
    assert report["rewards"] == {"in_key": {"before": 0.5, "after": 0.75}}
    assert report["held_out"] == {"before": 3.0, "after": 3.5}
    assert report["kl_nats_per_note"] == 0.2
    assert report["remarks"] == ["notes per bar: 6.00 before, 1.50 now"]


def test_the_command_line_tells_what_it_has_brought(base, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(MIDI_DATA / "reel.mid", tmp_path / "reel.mid")
    arguments = ["tune", str(base), "-o", "m.safetensors", *OPTIONS, *ASKED]
    assert run([*arguments, "--held-out=reel.mid", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == "m.safetensors"
    assert report["held_out"]["before"] > 0
    assert report["held_out"]["after"] != report["held_out"]["before"]
    assert report["updates"] == 4
    assert run([*arguments, "--force"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1] == "m.safetensors"
    assert "reward density:4" in captured.out
    assert "nats a note away" in captured.err


def test_a_duration_decides_how_many_updates(base, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["tune", str(base), "-o", "m.safetensors", "--reward=in_key", "--for=0.01s"]
    options = [option for option in OPTIONS if "updates" not in option]
    assert run([*arguments, *options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["updates"] == 1


def test_rewards_are_listed_without_a_model(capsys):
    assert run(["tune", "--list-rewards"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(lm.reinforcement.REWARDS)


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (["--reward=inkey"], 2, "did you mean in_key"),
        (["--reward=in_key=x"], 2, "must look like in_key=1"),
        (["--reward=in_key", "--bars=0"], 2, "bars must be a whole number"),
        (["--reward=in_key", "--style=polka"], 2, "style must be one of folk, drums"),
        ([], 2, "Missing option '--reward'"),
    ],
)
def test_faults_are_told_without_a_traceback(
    base, tmp_path, monkeypatch, capsys, options, code, why
):
    monkeypatch.chdir(tmp_path)
    assert run(["tune", str(base), "-o", "m.safetensors", *options]) == code
    err = capsys.readouterr().err
    assert why in err
    assert "Traceback" not in err
