"""Settings of all tests."""

from hypothesis import settings

# The same examples each time, so that a change is not blamed for what chance has found.
# `pytest --hypothesis-profile=default` draws others.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")
