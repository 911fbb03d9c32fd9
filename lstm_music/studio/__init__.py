"""The studio: a page for composing in a browser, on a server of this machine."""
