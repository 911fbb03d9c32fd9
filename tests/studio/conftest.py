"""One server and one browser for all tests of the page."""

import pytest
from browser import launched
from studio_page import StudioPage, studio_server


@pytest.fixture(scope="package")
def url():
    with studio_server("--port", 0) as (_, address):
        yield address


# Of a package and not of the session: Playwright runs an event loop as long as it is there.
@pytest.fixture(scope="package")
def browser():
    with launched() as one:
        yield one


@pytest.fixture
def context(browser):
    """A browser that has never been here."""
    one = browser.new_context(viewport={"width": 1360, "height": 820}, accept_downloads=True)
    yield one
    one.close()


@pytest.fixture
def studio(context, url):
    one = StudioPage(context, url)
    yield one
    one.check()
