"""One server for the tests that leave it as it was."""

import pytest
from serve_process import Lines, running


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """HTTP, TCP and OSC, one request at a time, of at most 60 seconds."""
    files = tmp_path_factory.mktemp("files")
    options = ["--tcp", 0, "--http", 0, "--files", files, "--workers", 2, "--max-seconds", 60]
    with running(*options, "--token", "a token for the tests") as one:
        one.files = files
        yield one


@pytest.fixture
def line(server):
    with Lines(server.port("tcp")) as one:
        yield one
