"""Pages in a real browser."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

NPM = Path(sys.prefix) / "npm" / "node_modules"
"""Where `make test` puts what checks pages and their scripts."""

needs_npm = pytest.mark.skipif(
    not (NPM / "axe-core").is_dir(), reason="needs TypeScript and axe-core: make test installs them"
)

_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def dom_of(page, folder, *options):
    """What a page's document is after its scripts have run, and what its console said."""
    path = folder / "page.html"
    path.write_bytes(page)
    run = subprocess.run(
        [
            "chromium", *_QUIET, f"--user-data-dir={folder / 'browser'}", "--enable-logging=stderr",
            "--virtual-time-budget=5000", *options, "--dump-dom", path.as_uri(),
        ],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    lines = run.stderr.decode("utf-8", "replace").splitlines()
    return run.stdout.decode("utf-8"), [line for line in lines if "CONSOLE" in line]


@contextmanager
def launched():
    """A browser that Playwright drives."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(_QUIET[1:])
        )
        try:
            yield browser
        finally:
            browser.close()
