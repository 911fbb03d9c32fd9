"""The static folder that `make demo` builds, shown by a server that only hands out files."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import launched
from paths import ROOT
from studio_page import StudioPage


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="package")
def url():
    folder = Path(os.environ.get("LSTM_MUSIC_DEMO", ROOT / "build/demo"))
    if not (folder / "packages.zip").is_file():
        pytest.skip(f"needs {folder}, which `make demo` builds")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="package")
def browser():
    with launched() as one:
        yield one


@pytest.fixture
def demo(browser, url):
    context = browser.new_context(viewport={"width": 1360, "height": 820}, accept_downloads=True)
    one = StudioPage(context, url)
    yield one
    one.check()
    context.close()
