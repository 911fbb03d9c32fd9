"""The commands with --backend, on the stand-in and without any GPU."""

import json

import numpy as np
import pytest

from lstm_music.cli.main import run
from lstm_music.midi.files import read
from lstm_music.nn.model_file import load_model

SMALL = [
    "--hidden-size=8", "--layers=1", "--embedding-size=8", "--batch-size=2", "--chunk-steps=16",
    "--evaluate-every=100000", "--max-tokens=200", "--infill=0",
]  # fmt: skip


def train(folder, backend, *more):
    output = folder / f"{backend}.safetensors"
    code = run(
        ["train", "midi_data/chorale.mid", "midi_data/jig.mid", "midi_data/waltz.mid",
         "-o", str(output), "--backend", backend, *SMALL, *more]
    )  # fmt: skip
    return code, output


@pytest.fixture
def at_root(monkeypatch):
    from paths import ROOT

    monkeypatch.chdir(ROOT)


@pytest.mark.usefixtures("cupy", "at_root")
def test_training_on_the_gpu_ends_with_the_cpus_model(tmp_path, capsys):
    (code, there), (cpu_code, here) = train(tmp_path, "auto"), train(tmp_path, "cpu")
    assert "computing on gpu, in float32" in capsys.readouterr().err
    assert code == cpu_code == 0
    mine, theirs = (load_model(path)[0].flat_params for path in (there, here))
    np.testing.assert_allclose(mine, theirs, atol=2e-3)
    assert not np.array_equal(mine, theirs)  # it was another backend


@pytest.mark.usefixtures("at_root")
def test_training_goes_on_bit_for_bit_after_a_stop(tmp_path, cupy):
    code, whole = train(tmp_path, "gpu")
    assert code == 0
    (tmp_path / "b").mkdir()
    code, part = train(tmp_path / "b", "gpu", "--time-limit=0.001", "--checkpoint-seconds=0.001")
    assert code != 1
    for _ in range(20):
        code, part = train(tmp_path / "b", "gpu", "--resume=auto")
        if code == 0:
            break
    assert code == 0
    np.testing.assert_array_equal(load_model(part)[0].flat_params, load_model(whole)[0].flat_params)


@pytest.mark.usefixtures("at_root")
def test_without_a_gpu_training_ends_with_code_5_and_says_why(tmp_path, capsys):
    code, output = train(tmp_path, "gpu")
    assert code == 5
    assert "pip install 'lstm_music[gpu]'" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("command", [("train", "-o", "m.safetensors"), ("evaluate",)])
def test_a_missing_gpu_is_told_before_the_music_is_read(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.mid").write_bytes(b"not read, or it would be told")
    assert run([*command, "song.mid", "--backend", "gpu"]) == 5
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize(
    ("fault", "told"), [({"lost": True}, "--resume"), ({"memory": 64}, "smaller batch")]
)
def test_a_fault_in_training_leaves_a_checkpoint_to_go_on_from(
    fault, told, tmp_path, cupy, monkeypatch, capsys
):
    from lstm_music.training import loop

    _, whole = train(tmp_path, "gpu")
    update, done = loop.Trainer.update, []

    def fail(self, chunks):
        if len(done) == 2:
            for name, value in fault.items():
                monkeypatch.setattr(cupy.Machine, name, value)
        done.append(1)
        update(self, chunks)

    as_before = {name: getattr(cupy.Machine, name) for name in fault}
    (tmp_path / "b").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "update", fail)
        code, output = train(tmp_path / "b", "gpu", "--checkpoint-seconds=0.001")
    assert code == 5 and not output.exists()
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "cannot be used" in line]
    assert told in line
    for name, value in as_before.items():
        monkeypatch.setattr(cupy.Machine, name, value)
    code, output = train(tmp_path / "b", "gpu", "--resume=auto")
    assert code == 0
    np.testing.assert_array_equal(
        load_model(output)[0].flat_params, load_model(whole)[0].flat_params
    )


@pytest.mark.parametrize("command", [("train", "-o", "m.safetensors"), ("evaluate",)])
def test_a_missing_driver_is_told_with_what_to_do(tmp_path, monkeypatch, capsys, cupy, command):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cupy.Machine, "driver", False)
    (tmp_path / "song.mid").write_bytes(b"not read, or it would be told")
    assert run([*command, "song.mid", "--backend", "gpu"]) == 5
    (line,) = capsys.readouterr().err.splitlines()
    assert "nvidia-smi" in line and "--backend cpu" in line


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("wrong", ["gpu:x", "tpu"])
def test_a_wrong_name_is_a_usage_error(wrong, tmp_path, capsys):
    assert train(tmp_path, wrong)[0] == 2
    assert "no backend is called" in capsys.readouterr().err


@pytest.mark.usefixtures("cupy")
def test_info_names_the_gpu(capsys):
    assert run(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gpu"] == "stand-in, compute capability 9.0"


def test_info_says_why_there_is_none(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cupy", None)
    assert run(["info", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["gpu"]
    assert told.startswith("no GPU can be used: CuPy or a library of CUDA is missing")
    assert told.count("GPU") == 1


@pytest.mark.usefixtures("cupy")
def test_a_task_of_the_papers_runs_on_the_gpu(capsys):
    assert run(["reproduce", "vanishing-gradient", "--quick", "--backend", "gpu", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows and all(row["holds"] is not False for row in rows)


@pytest.mark.usefixtures("cupy", "at_root", "products_of_numpy")
def test_evaluating_and_composing_on_the_gpu_give_what_the_cpu_gives(tmp_path, cupy, capsys):
    model = str(train(tmp_path, "cpu")[1])
    capsys.readouterr()

    def evaluated(backend):
        music = ["midi_data/chorale.mid", "midi_data/jig.mid", "midi_data/waltz.mid"]
        assert run(["evaluate", *music, "--model", model, "--backend", backend, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    def composed(backend):
        output = tmp_path / f"{backend.replace(':', '')}.mid"
        options = ["--bars=1", "--seed-bars=1-2", "--rng-seed=3", "--precision=float32"]
        command = ["generate", "--seed=midi_data/chorale.mid", "--model", model, *options]
        assert run([*command, "--backend", backend, "-o", str(output)]) == 0
        return read(output).notes.tolist()

    products = cupy.Machine.products
    mine, theirs = evaluated("gpu:0"), evaluated("cpu")
    assert cupy.Machine.products > products
    assert mine.pop("unmet") is not None and theirs.pop("unmet") is not None
    for style, models in theirs.items():
        for name, row in models.items():
            assert mine[style][name] == pytest.approx(row, rel=1e-5), name
    products = cupy.Machine.products
    here = composed("cpu")
    assert cupy.Machine.products == products
    assert composed("auto") == here and cupy.Machine.products > products
