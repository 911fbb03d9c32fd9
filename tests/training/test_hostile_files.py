"""C2, C1: checkpoints and model files that somebody made or swapped; none runs code."""

import contextlib
import functools
import json
import os
import pickle
import shutil
import sys
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import save
from sealed_forgery import forge
from training_runs import train

import lstm_music as lm
from lstm_music.nn.model_file import load_model
from lstm_music.nn.sealed import seal, unseal
from lstm_music.training.runs.checkpoint import LAST, PREVIOUS, read_checkpoint

_FORBIDDEN = (
    *("exec", "compile", "import", "subprocess.", "os.system", "os.exec", "os.posix_spawn"),
    *("os.fork", "os.remove", "os.rename", "os.mkdir", "pickle.", "socket.", "ctypes."),
)
"""What events begin with."""

_watched = []


def _hook(event, args):
    if not _watched:
        return
    writes = event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes or event.startswith(_FORBIDDEN):
        _watched[-1].append((event, args))


@functools.cache
def _install():
    sys.addaudithook(_hook)  # for good: the interpreter never takes one back


@contextlib.contextmanager
def nothing_runs():
    """A stretch in which nothing may be executed, imported, started or written."""
    _install()
    events = []
    _watched.append(events)
    try:
        yield
    finally:
        _watched.pop()
    assert events == []


@pytest.fixture(scope="module")
def run_folder(whole, tmp_path_factory):
    """A finished run, both its files read once, so that all their modules are there."""
    folder = tmp_path_factory.mktemp("victim")
    train(folder, whole.cache)
    load_model(folder / "m.safetensors")
    read_checkpoint(folder / "m.run", pytest.fail)
    return folder


def read_model(folder):
    with nothing_runs():
        load_model(folder / LAST)


def read_state(folder):
    with nothing_runs():
        read_checkpoint(folder, lambda _: None)


READERS = {read_model: "m.safetensors", read_state: f"m.run/{LAST}"}
"""What reads a file, and which file of a run that is. (A model may have any name.)"""


class Payload:
    """A pickle that runs a command when it is read."""

    def __init__(self, marker):
        self._marker = marker

    def __reduce__(self):
        return (os.system, (f"touch {self._marker}",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_a_pickle_under_our_names(run_folder, tmp_path, reader, protocol):
    (tmp_path / LAST).write_bytes(pickle.dumps(Payload(tmp_path / "ran"), protocol))
    with pytest.raises(lm.ModelFileError, match="not a model file or checkpoint"):
        reader(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_pickles_in_every_file_of_a_run(whole, tmp_path):
    payload = pickle.dumps(Payload(tmp_path / "ran"))
    (tmp_path / "m.run").mkdir()
    for name in (LAST, PREVIOUS, "metrics.jsonl", "lock"):
        (tmp_path / "m.run" / name).write_bytes(payload)
    (tmp_path / "m.safetensors").write_bytes(payload)
    with pytest.raises(lm.ModelFileError, match="no whole checkpoint"):
        train(tmp_path, whole.cache)
    with pytest.raises(lm.ModelFileError):
        train(tmp_path, whole.cache, base=tmp_path / "m.safetensors", force=True)
    with pytest.raises(lm.ModelFileError):
        lm.load(tmp_path / "m.safetensors")
    for name in (LAST, PREVIOUS):
        (tmp_path / "m.run" / name).unlink()
    train(tmp_path, whole.cache, force=True)  # metrics and lock are left: nobody unpickles them
    assert not (tmp_path / "ran").exists()


def twice(text):
    """A header in which the first tensor stands twice."""
    name = next(name for name in json.loads(text) if name != "__metadata__")
    entry = json.dumps({name: json.loads(text)[name]})
    return text[:-1] + "," + entry[1:]


def facts_with(more):
    """A header whose facts have more text at their end."""

    def change(text):
        header = json.loads(text)
        facts = header["__metadata__"]["lstm_music"]
        header["__metadata__"]["lstm_music"] = facts[:-1] + more + "}"
        return json.dumps(header, separators=(",", ":"))

    return change


def shifted(by):
    """Every tensor so many bytes further on: gaps, or an overlap with the header."""

    def change(text):
        header = json.loads(text)
        for name, entry in header.items():
            if name != "__metadata__":
                entry["data_offsets"] = [place + by for place in entry["data_offsets"]]
        return json.dumps(header, separators=(",", ":"))

    return change


def renamed(name):
    def change(text):
        header = json.loads(text)
        old = next(old for old in header if old != "__metadata__")
        header[name] = header.pop(old)
        return json.dumps(header, separators=(",", ":"))

    return change


HEADERS = {
    "a tensor twice": twice,
    "a fact twice": facts_with(',"written_by":"x"' * 2),
    "NaN": facts_with(',"x":NaN'),
    "infinity": facts_with(',"x":[-Infinity]'),
    "a number too large": facts_with(',"x":1e999'),
    "a number too long": facts_with(',"x":' + "9" * 5000),
    "deep nesting": facts_with(',"x":' + "[" * 100_000 + "]" * 100_000),
    "a gap": shifted(8),
    "an overlap with the header": shifted(-8),
    "no JSON": lambda text: text[:-1],
    "a list": lambda text: text[:-1] + ',"x":[]}',
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_headers_that_somebody_forged(run_folder, tmp_path, reader, change):
    """Their checksum is right: only a look at the content finds them."""
    good = (run_folder / READERS[reader]).read_bytes()
    (tmp_path / LAST).write_bytes(forge(good, change))
    with pytest.raises(lm.ModelFileError, match="damaged") as caught:
        reader(tmp_path)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "C:\\escaped", "a\0b", "\ud800"])
def test_names_that_point_elsewhere(run_folder, tmp_path, name):
    good = (run_folder / "m.safetensors").read_bytes()
    (tmp_path / LAST).write_bytes(forge(good, renamed(name)))
    with pytest.raises(lm.ModelFileError, match="missing or unknown"):
        read_model(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [LAST]


LARGE = {
    "a header of 100 MB": lambda text: text[:-1] + " " * 100_000_000 + "}",
    "empty lists": facts_with(',"x":[' + "[]," * 1_000_000 + "0]"),
    "a shape beyond the file": lambda text: text.replace('"shape":[', f'"shape":[{2**63},', 1),
    "many axes": lambda text: text.replace('"shape":[', '"shape":[' + f"{2**60}," * 100_000, 1),
}


@pytest.mark.parametrize("change", LARGE.values(), ids=LARGE)
def test_memory_is_bounded(run_folder, tmp_path, change):
    blob = forge((run_folder / "m.safetensors").read_bytes(), change)
    tracemalloc.start()
    try:
        with contextlib.suppress(lm.ModelFileError):
            unseal(blob)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 160e6
    (tmp_path / LAST).write_bytes(blob)
    with contextlib.suppress(lm.ModelFileError):
        read_model(tmp_path)


def test_a_header_larger_than_a_reader_takes_is_not_written():
    with pytest.raises(lm.ConfigError, match="a file holds"):
        seal({"x": np.ones(1, np.float32)}, {"card": "x" * 5_000_000})
    with pytest.raises(lm.ConfigError, match="JSON only"):
        seal({"x": np.ones(1, np.float32)}, {"loss": float("nan")})


STATES = {
    "step": [1.5, "7", None, []],
    "tokens": ["many", None],
    "optimiser_steps": [2**70, "x"],
    "next_validation": [1e308],
    "losses": [None, [], {"best": "low"}, {"unknown": 1.0}, {"train": []}],
    "cursor": [
        None,
        {},
        {"next": [0, 0], "rows": []},
        {"next": ["a", "b"], "rows": [{}] * 4},
        {"next": [0, 0], "rows": [{"offset": -5}] * 4},
        {"next": [0, 0], "rows": [{"place": 10**6, "epoch": 0}] * 4},
        {"next": [0, 0], "rows": [{"place": 0, "epoch": -3}] * 4},
        {"next": [2**80, 0], "rows": [{}] * 4},
        {"next": [0, 0], "rows": [{"offset": "x"}] * 4},
        {"next": [0, 0], "rows": ["x"] * 4},
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in STATES for value in STATES[name]], ids=str
)
def test_a_state_that_no_run_can_have(whole, run_folder, tmp_path, name, value):
    def change(text):
        header = json.loads(text)
        facts = json.loads(header["__metadata__"]["lstm_music"])
        facts[name] = value
        header["__metadata__"]["lstm_music"] = json.dumps(facts, separators=(",", ":"))
        return json.dumps(header, separators=(",", ":"))

    shutil.copytree(run_folder, tmp_path / "run")
    path = tmp_path / "run" / "m.run" / LAST
    path.write_bytes(forge(path.read_bytes(), change))
    with pytest.raises(lm.ModelFileError, match="does not fit"):
        train(tmp_path / "run", whole.cache)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_state_with_numbers_that_are_none(whole, run_folder, tmp_path, value):
    shutil.copytree(run_folder, tmp_path / "run")
    path = tmp_path / "run" / "m.run" / LAST
    content = unseal(path.read_bytes())
    arrays = {n: content.tensor(n, tuple(e["shape"])).copy() for n, e in content.entries.items()}
    arrays["optimiser.v"][3] = value
    facts = {name: fact for name, fact in content.facts.items() if name != "sha256"}
    path.write_bytes(seal(arrays, facts))
    with pytest.raises(lm.ModelFileError, match=r"optimiser\.v holds NaN or infinity"):
        train(tmp_path / "run", whole.cache)


def test_a_checkpoint_of_another_run(whole, run_folder, tmp_path):
    """C1: what differs is named; the other checkpoint is not touched."""
    other, mine = tmp_path / "other", tmp_path / "mine"
    for folder, changes in ((other, {"rng_seed": 6, "layers": 2}), (mine, {})):
        folder.mkdir()
        train(folder, whole.cache, time_limit=0.0, **changes)
    own = (mine / "m.run" / LAST).read_bytes()
    shutil.copy(other / "m.run" / LAST, mine / "m.run" / LAST)
    with pytest.raises(lm.ConfigError, match="layers was 2, is 1; rng_seed was 6, is 5"):
        train(mine, whole.cache)
    (mine / "m.run" / LAST).write_bytes(own)
    train(mine, whole.cache)
    assert (mine / "m.safetensors").read_bytes() == whole.model


def test_a_model_file_in_place_of_a_checkpoint_and_the_reverse(whole, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "run")
    run = tmp_path / "run" / "m.run"
    checkpoint = (run / LAST).read_bytes()
    for name in (LAST, PREVIOUS):
        shutil.copy(run_folder / "m.safetensors", run / name)
    with pytest.raises(lm.ModelFileError, match=r"no whole checkpoint.*version None"):
        train(tmp_path / "run", whole.cache)
    (tmp_path / "x.safetensors").write_bytes(checkpoint)
    with pytest.raises(lm.ModelFileError, match="format version None"):
        lm.load(tmp_path / "x.safetensors")
    (tmp_path / "x.safetensors").write_bytes(save({"x": np.ones(3, np.float32)}))
    with pytest.raises(lm.ModelFileError, match="not a model file"):
        lm.load(tmp_path / "x.safetensors")
