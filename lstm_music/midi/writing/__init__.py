"""Pieces as MIDI files: into the file that they were read from, or as files of their own."""
