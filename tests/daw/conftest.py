"""One shared server for all hosts, and our scripts as a user installs them."""

import json

import pytest
from serve_process import COMMAND, environment, running

from lstm_music.daw.install import install
from lstm_music.daw.programs import PROGRAMS


@pytest.fixture(scope="session")
def state(tmp_path_factory):
    """The environment of a host, with a state folder of its own; no server runs yet."""
    folder = tmp_path_factory.mktemp("state")
    return environment(LSTM_MUSIC_STATE=str(folder), LSTM_MUSIC_COMMAND=json.dumps(COMMAND))


@pytest.fixture(scope="session")
def host(state):
    """The environment of a host on a machine where the shared server runs."""
    variables = {name: state[name] for name in ("LSTM_MUSIC_STATE", "LSTM_MUSIC_COMMAND")}
    with running("--shared", "--workers", 2, **variables):
        yield state


@pytest.fixture(scope="session")
def scripts(tmp_path_factory):
    """Installs the scripts of a program, and gives the folder."""

    def installed(name):
        folder = tmp_path_factory.mktemp(name)
        patch = pytest.MonkeyPatch()
        patch.setenv("LSTM_MUSIC_STATE", str(folder))
        install(name, PROGRAMS[name], folder / "scripts")
        patch.undo()
        return folder / "scripts"

    return installed
