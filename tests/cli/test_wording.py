"""Messages at the command line name the options as they are typed; in Python, the parameters."""

import click
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.cli.main import cli, run
from lstm_music.cli.wording import as_typed, option_names
from lstm_music.errors import ConfigError
from lstm_music.generate.asking.request import CONTROLS, Request

REEL = str(MIDI_DATA / "reel.mid")
SEED = ("generate", "--seed", REEL)

TYPED = [
    ((*SEED, "--from-bar", "400"), "--from-bar must be a bar of the seed"),
    ((*SEED, "--threads", "0"), "--threads must be"),
    ((*SEED, "--meter", "x"), "--meter must look like"),
    (("generate", "--tempo", "5000"), "--tempo must be"),
    (("generate", "--style", "zither"), "--style must be one of"),
    (("generate", "--bars", "x"), "--bars must be"),
    (("generate", "--beam", "3"), "--beam is for a seed"),
    (("generate", "-n", "0"), "--num-outputs must be"),
    (("generate", "--form", "AB", "--form-of", REEL), "give --form or --form-of, not both"),
    (("accompany", REEL), "--with must be given"),
    (("infill", REEL), "--bars or --tracks must be given"),
    (("infill", REEL, "--bars", "1-2", "--density", "2:4"), "--density is asked for track 2"),
    (
        ("infill", REEL, "--bars", "1-2", "--min-density", "9", "--max-density", "3"),
        "--min-density must be at most --max-density",
    ),
    (
        ("infill", REEL, "--bars", "1-2", "--scale", "C", "--pitch-range", "61-61"),
        "by --scale and --pitch-range; widen",
    ),
    (("vary", REEL), "--keep must be given"),
    (("vary", REEL, "--keep", "rhythm", "--grid", "1/8"), "--grid cannot be asked"),
    (("vary", REEL, "--keep", "rhythm", "--no-rests"), "--rests/--no-rests cannot be refused"),
    (("train", str(MIDI_DATA), "-o", "x.safetensors", "--batch-size", "0"), "--batch-size must"),
    (("plot", REEL, "-o", "there.png"), "overwrite it (--force)"),
    ((*SEED, "-o", "there.mid"), "overwrite it (--force)"),
]


@pytest.mark.parametrize(("args", "said"), TYPED, ids=lambda one: " ".join(one[-2:]))
def test_a_message_names_the_option(args, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.mid").touch()
    (tmp_path / "there.png").touch()
    assert run(list(args)) in (2, 6)
    error = capsys.readouterr().err
    assert said in error
    assert "_" not in error.replace(REEL, "")


def test_in_python_it_names_the_parameter(tmp_path):
    with pytest.raises(ConfigError, match=r"^from_bar must be a bar of the seed"):
        lm.load().generate(REEL, from_bar=400)
    with pytest.raises(ConfigError, match=r"^keep must be given to vary"):
        lm.load().complete(Request("vary", REEL))
    (tmp_path / "a.mid").touch()
    with pytest.raises(lm.OutputExistsError, match=r"overwrite it \(force=True\)"):
        lm.read(REEL).write(tmp_path / "a.mid")


@pytest.mark.parametrize("name", list(CONTROLS))
def test_every_control_that_is_out_of_range_is_named_as_typed(name):
    row = CONTROLS[name]
    command = cli.get_command(click.Context(cli), row.tasks[0])
    message = as_typed(str(row.refuse("another", 1)), option_names(command))
    assert message.startswith("--")
    assert " must be another" in message


def test_words_of_the_language_stay():
    options = {"style": "--style", "seed": "--seed", "with_": "--with", "rng_seed": "--rng-seed"}
    for message in (
        "the seed has no style; go on with it",
        "a/rng_seed.mid: no such file",
        "there is no reward 'rng_seed'",
        "seed.mid: cannot be read",
    ):
        assert as_typed(message, options) == message
    assert (
        as_typed("with must name bass, got rng_seed=x", {}) == "with must name bass, got rng_seed=x"
    )
