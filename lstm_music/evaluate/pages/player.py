"""Pieces that can be played where they are shown; ``player.js`` beside this module sounds them."""

from __future__ import annotations

from html import escape

import numpy as np

from lstm_music.music.piece import Piece
from lstm_music.music.seconds import Clock


def player(k: int, title: str, midi_href: str, file_name: str) -> str:
    """A button, a bar of progress and a link, as HTML.

    Parameters
    ----------
    k : which of the page's ``samples`` it plays, from 0.
    title : of the piece, as text.
    midi_href : address of the MIDI file, or a data URI.
    file_name : what the file is called when it is saved.
    """
    return (
        f'<div class="player keys" data-sample="{k}"><button aria-pressed="false">Play</button>'
        f'<progress max="1" value="0" aria-label="place in {escape(title)}"></progress>'
        f'<a download="{escape(file_name)}" href="{escape(midi_href)}">MIDI</a></div>'
    )


def played_notes(piece: Piece) -> list[list[float | int]]:
    """[seconds, seconds long, pitch, velocity, program, 1 for drums] of each note, by time."""
    clock, notes = Clock(piece.tempos), piece.notes
    start = clock.seconds(notes["onset_steps"])
    end = clock.seconds(notes["onset_steps"].astype(np.int64) + notes["duration_steps"])
    return [
        [
            round(float(a), 3), round(float(b - a), 3), int(n["pitch_midi"]), int(n["velocity"]),
            piece.tracks[n["track"]].program, int(piece.tracks[n["track"]].is_drum),
        ]
        for a, b, n in zip(start, end, notes, strict=True)
    ]  # fmt: skip
