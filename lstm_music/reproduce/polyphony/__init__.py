"""Polyphony: networks that predict chords, and how well."""
