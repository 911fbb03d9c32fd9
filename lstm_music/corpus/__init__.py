"""Folders of music: scan, split by piece, augment, cache."""
