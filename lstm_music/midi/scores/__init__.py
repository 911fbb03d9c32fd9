"""Scores of every format but MIDI, read through music21 in a process with limits."""
