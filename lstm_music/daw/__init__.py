"""Scripts for music programs, and what puts them there."""
