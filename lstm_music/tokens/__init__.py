"""Pieces to tokens and back: vocabulary, grammar, musical context."""
