"""The model file: what comes back, and that no damage goes unseen."""

import dataclasses
import json
import struct

import numpy as np
import pytest
from model_cases import OPTIONS, SMALL, make_chunk, score
from safetensors.numpy import load, save
from sealed_forgery import forge, sign

from lstm_music.errors import ConfigError, ModelFileError, OutputError
from lstm_music.nn.model import LanguageModel, ModelConfig
from lstm_music.nn.model_file import load_model, save_model

TINY = ModelConfig(3, 2, 1, embedding_size=1, hidden_size=1, layers=1)
VOCABULARY = '{"a":[0,1],"é":"\\"sha256\\":\\""}'
TRAINING = {"steps": np.int64(3), "loss": np.float32(0.5), "files": [{"sha256": "00"}]}
CARD = {"name": "Fünf Stücke", "licence": "CC0"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def write(path, config=SMALL, *, storage="float32"):
    model = LanguageModel.create(config, 6)
    save_model(path, model, VOCABULARY, TRAINING, CARD, storage=storage)
    return model


CELLS = {
    cell: dataclasses.replace(SMALL, cell=cell)
    for cell in ("lstm", "peephole:s_h=identity", "gru", "sru", "slstm")
}


@pytest.mark.parametrize("config", [*CELLS.values(), *OPTIONS.values()], ids=[*CELLS, *OPTIONS])
def test_round_trip(path, config):
    model = write(path, config)
    loaded, facts = load_model(path)
    assert loaded.config == model.config
    np.testing.assert_array_equal(loaded.flat_params, model.flat_params)
    chunk = make_chunk(model, T=5, B=2)
    np.testing.assert_array_equal(score(loaded, chunk)[0], score(model, chunk)[0])
    assert facts["vocabulary"] == VOCABULARY
    assert facts["training"] == {"steps": 3, "loss": 0.5, "files": [{"sha256": "00"}]}
    assert facts["data_card"] == CARD
    assert (facts["format_version"], facts["storage"]) == (1, "float32")


@pytest.mark.parametrize("storage", ["float32", "float16"])
def test_a_tied_embedding_is_stored_once(path, storage):
    model = write(path, OPTIONS["tied embedding"], storage=storage)
    tensors = load(path.read_bytes())
    assert "head.W" not in tensors
    assert sum(tensor.size for tensor in tensors.values()) == model.flat_params.size
    loaded, facts = load_model(path)
    assert np.shares_memory(loaded.params["head.W"], loaded.params["embedding"])
    assert facts["storage"] == storage


def test_a_file_older_than_the_options_of_the_stack(path):
    """What the first files do not name has its default; the weights are where they were."""
    younger = ("dropout_kind", "residual", "tied_embedding", "learned_state")
    forged(path, change_facts=lambda f: [f["sizes"].pop(name) for name in younger])
    model, _ = load_model(path)
    assert model.config == TINY
    np.testing.assert_array_equal(model.flat_params, LanguageModel.create(TINY, 6).flat_params)


def test_the_same_model_is_the_same_bytes(path, tmp_path):
    write(path)
    write(tmp_path / "again.safetensors")
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_half_precision_storage(path, tmp_path):
    model = write(path, storage="float16")
    write(tmp_path / "whole.safetensors")
    loaded, facts = load_model(path)
    assert loaded.dtype == np.float32
    assert facts["storage"] == "float16"
    expected = model.flat_params.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(loaded.flat_params, expected)
    saved = (tmp_path / "whole.safetensors").stat().st_size - path.stat().st_size
    assert abs(saved - 2 * model.flat_params.size) < 100


def test_a_float64_model_is_stored_in_float32(path):
    model = LanguageModel.create(SMALL, 6, dtype="float64")
    save_model(path, model, VOCABULARY, TRAINING, CARD)
    np.testing.assert_array_equal(
        load_model(path)[0].flat_params, model.flat_params.astype(np.float32)
    )


def test_others_can_read_the_tensors(path):
    model = write(path)
    tensors = load(path.read_bytes())
    assert tensors.keys() == model.params.keys()
    for name, value in model.params.items():
        np.testing.assert_array_equal(tensors[name], value)


def test_every_truncation_is_seen(path):
    write(path, TINY)
    blob = path.read_bytes()
    for size in range(len(blob)):
        path.write_bytes(blob[:size])
        with pytest.raises(ModelFileError):
            load_model(path)
    path.write_bytes(blob + b"\0")
    with pytest.raises(ModelFileError):
        load_model(path)


def test_every_flipped_byte_is_seen(path):
    """Each byte by one of three masks; 0x20 turns letters to capitals and spaces to nothing."""
    write(path, TINY)
    blob = bytearray(path.read_bytes())
    for i in range(len(blob)):
        held, mask = blob[i], (0x01, 0x20, 0xFF)[i % 3]
        blob[i] ^= mask
        path.write_bytes(blob)
        with pytest.raises(ModelFileError):
            load_model(path)
        blob[i] = held
    path.write_bytes(blob)
    load_model(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff\xe0 a picture",
        b"MThd\0\0\0\6\0\1\0\1\1\xe0",
        b"\x80\x04\x95 a pickle",
        b"\xff" * 200,
        struct.pack("<Q", 2**63) + b"{}",
        save({"x": np.zeros(3, np.float32)}),
        save({"x": np.zeros(3, np.float32)}, metadata={"format": "pt"}),
    ],
)
def test_other_files_are_refused_in_one_line(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "not a model file" in str(caught.value)


def forged(path, change_header=lambda h: None, change_facts=lambda f: None):
    """A file whose digest is right and whose content is not."""

    def change(text):
        header = json.loads(text)
        facts = json.loads(header["__metadata__"]["lstm_music"])
        change_facts(facts)
        header["__metadata__"]["lstm_music"] = json.dumps(facts, separators=(",", ":"))
        change_header(header)
        return json.dumps(header, separators=(",", ":"))

    write(path, TINY)
    path.write_bytes(forge(path.read_bytes(), change))


def place(start, stop):
    return lambda header: header["head.W"].update(data_offsets=[start, stop])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update(other=h.pop("head.W")), "missing or unknown: head.W, other"),
        (lambda h: h.update({"../head.W": h.pop("head.W")}), r"unknown: \.\./head\.W, head\.W"),
        (lambda h: h.pop("head.W"), "head.b begins at 20, not at 12"),
        (lambda h: h.pop("layers.0.b"), "the tensors end at"),
        (lambda h: h.update(other=h["head.W"]), "begins at 12, not at 20"),
        (lambda h: h["head.W"].update(shape=[1, 2]), "must have shape"),
        (lambda h: h["head.W"].update(shape=[2**62, 2**62]), "does not fill its place"),
        (lambda h: h["head.W"].update(shape=[2**63]), "does not fill its place"),
        (lambda h: h["head.W"].update(shape=[2, -1]), "has no shape"),
        (lambda h: h["head.W"].update(shape=[2**60] * 200_000), "has no shape"),
        (lambda h: h["head.W"].update(shape=[2, True]), "has no shape"),
        (lambda h: h["head.W"].update(dtype="I64"), "must be one of"),
        (lambda h: h["head.W"].update(dtype=[]), "must be one of"),
        (lambda h: h.update({"head.W": 3}), "must be one of"),
        (place(-8, 0), "no place"),
        (place(10**9, 10**9 + 8), "begins at 20, not at 12"),
        (place(16, 24), "begins at"),
        (place(12, 16), "does not fill its place"),
        (place(12.0, 20.0), "no place"),
        (place(12, None), "no place"),
    ],
)
def test_forged_headers_are_refused(path, change, message):
    forged(path, change_header=change)
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update(format_version=2), "format version 2.*lstm_music 0"),
        (lambda f: f.pop("vocabulary"), "no vocabulary"),
        (lambda f: f.update(data_card="?"), "no data_card"),
        (lambda f: f.update(sizes=None), "sizes"),
        (lambda f: f["sizes"].update(hidden_size=10**9), "hidden_size"),
        (lambda f: f["sizes"].update(hidden_size=2**15), "must have shape"),
        (lambda f: f["sizes"].update(cell="unheard of"), "no cell"),
        (lambda f: f["sizes"].pop("layers"), "a model has the sizes"),
        (lambda f: f["sizes"].update(attention=1), "a model has the sizes"),
        (lambda f: f["sizes"].update(residual=1), "residual must be true or false"),
        (lambda f: f["sizes"].update(tied_embedding=True), "unknown: head.W"),
        (lambda f: f["sizes"].update(learned_state=True), "unknown: start.0"),
    ],
)
def test_forged_facts_are_refused(path, change, message):
    forged(path, change_facts=change)
    with pytest.raises(ModelFileError, match=message):
        load_model(path)


def test_an_infinite_weight_is_refused_both_ways(path):
    model = write(path, TINY)
    blob = bytearray(path.read_bytes())
    blob[-4:] = np.float32(np.inf).tobytes()
    path.write_bytes(sign(bytes(blob)))
    with pytest.raises(ModelFileError, match="NaN or infinite"):
        load_model(path)
    model.params["head.b"][0] = np.nan
    path.unlink()
    with pytest.raises(ModelFileError, match=r"head\.b holds NaN"):
        save_model(path, model, VOCABULARY, TRAINING, CARD)
    assert not path.exists()


def test_a_weight_beyond_half_precision_is_refused(path):
    model = LanguageModel.create(TINY, 0)
    model.params["head.W"][0] = 1e5
    with pytest.raises(ModelFileError, match="more than float16 can"):
        save_model(path, model, VOCABULARY, TRAINING, CARD, storage="float16")


def test_wrong_arguments_are_refused(path):
    model = LanguageModel.create(TINY, 0)
    with pytest.raises(ConfigError, match="storage must be"):
        save_model(path, model, VOCABULARY, TRAINING, CARD, storage="int8")
    with pytest.raises(ConfigError, match="JSON only"):
        save_model(path, model, VOCABULARY, {"object": object()}, CARD)
    with pytest.raises(OutputError):
        save_model(path.parent / "missing" / "model", model, VOCABULARY, TRAINING, CARD)


@pytest.mark.parametrize("name", ["missing.safetensors", "", "nul\0byte"])
def test_a_file_that_cannot_be_read(tmp_path, name):
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model(str(tmp_path / name))
