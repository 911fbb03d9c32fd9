"""CUDA sources, as data: compiled on first use by :mod:`lstm_music.backends.gpu`."""
