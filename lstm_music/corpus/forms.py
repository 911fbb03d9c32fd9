"""The forms of a corpus: how the bars of its training pieces return."""

from __future__ import annotations

from lstm_music.corpus.cache import TokenCache
from lstm_music.music.form import Label, bars_of, label_bars
from lstm_music.music.form_model import FormModel
from lstm_music.music.grooves import drum_bars, is_groove, label_grooves
from lstm_music.music.piece import Piece
from lstm_music.tokens.decode import decode

COUNTED_BARS = 128
"""Of a piece: a symphony is not to outweigh a hundred songs."""


def forms_in_training(corpus: TokenCache) -> FormModel:
    """Count the labels of the bars of all pieces on the training side, by style."""
    return FormModel.count(
        (corpus.styles[int(i)], _labels(decode(corpus.piece_tokens(int(i)))))
        for i in corpus.indices("train")
    )


def _labels(piece: Piece) -> list[Label]:
    if is_groove(piece):
        return label_grooves(drum_bars(piece)[:COUNTED_BARS])
    return label_bars(bars_of(piece)[:COUNTED_BARS])
