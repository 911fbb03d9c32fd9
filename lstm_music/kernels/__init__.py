"""Compiled forward and backward passes; sources in src/lstm_music/kernels and src/c."""
