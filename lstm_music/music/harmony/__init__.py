"""Scales and chords: asked for in words, written in a score, or found in the notes."""
