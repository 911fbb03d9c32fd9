"""Compiled; for nogil use from the automaton alone."""
