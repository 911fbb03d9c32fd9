"""What a record tells of a piece besides its tokens: all that a report on a corpus counts."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np

from lstm_music.corpus.copies.duplicates import Outline
from lstm_music.corpus.split import fingerprint, tune
from lstm_music.music.grid import STEPS_PER_QUARTER
from lstm_music.music.listening.roles import track_roles
from lstm_music.music.piece import Piece
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.vocabulary import DRUM_PROGRAM, style_index
from lstm_music.types import IntArray

_TIMES = re.compile(r" \((?:(\d+) times, first at )?byte \d+\)$")


def piece_facts(part: str, piece: Piece, tokens: IntArray, shape: Outline) -> dict[str, Any]:
    """Facts of one piece as JSON values.

    Parameters
    ----------
    part : which of the file's pieces it is, such as "#3"; "" if there is one.
    piece : as it was read.
    tokens : (N,) int32, what it became.
    shape : its outline.
    """
    n_notes = np.bincount(piece.notes["track"], minlength=len(piece.tracks))
    programs = {
        DRUM_PROGRAM if track.is_drum else track.program
        for track, n in zip(piece.tracks, n_notes.tolist(), strict=True)
        if n
    }
    return {
        "part": part,
        "n_tokens": len(tokens),
        "style": style_index(piece.style),
        "fingerprint": fingerprint(piece)[:16],
        "tune": tune(piece)[:16],
        "music": hashlib.blake2b(tokens.astype("<i2").tobytes(), digest_size=8).hexdigest(),
        "n_shingles": len(shape.shingles),
        "whole": f"{shape.whole:016x}",
        "notes": len(piece.notes),
        "seconds": round(seconds(piece), 3),
        "bars": count_bars(piece),
        "meters": list(dict.fromkeys(f"{m.numerator}/{m.denominator}" for m in piece.meters)),
        "key": str(piece.key) if piece.key else "",
        "programs": sorted(programs),
        "roles": [role for role, n in zip(track_roles(piece), n_notes.tolist()) if n],
        "tempos_bpm": [round(t.tempo_bpm) for t in piece.tempos[:1]],
        "tempo_changes": len(piece.tempos) - 1,
        "pickup": piece.pickup_steps > 0,
        "timing_error_steps": round(piece.max_timing_error_steps, 3),
        "repairs": [list(repair(sentence)) for sentence in canonical(piece).repairs],
    }


def seconds(piece: Piece) -> float:
    """How long the piece plays, to the end of its last note."""
    end = piece.end_steps
    onsets = np.array([*(tempo.onset_steps for tempo in piece.tempos), end])
    steps = np.diff(np.minimum(onsets, end))
    rates = np.array([tempo.usec_per_quarter for tempo in piece.tempos], np.float64)
    return float((steps * rates).sum() / STEPS_PER_QUARTER / 1e6)


def count_bars(piece: Piece) -> int:
    """Bars from the beginning to the end of the last note, a pickup counted."""
    return piece.bar_lines.bar_at(piece.end_steps - 1) + 1 if len(piece.notes) else 0


def repair(sentence: str) -> tuple[str, int]:
    """What was mended or left out, without where, and how many times.

    Examples
    --------
    >>> repair("a tempo of zero was ignored (3 times, first at byte 120)")
    ('a tempo of zero was ignored', 3)
    """
    found = _TIMES.search(sentence)
    kind = sentence[: found.start()] if found else sentence
    times = int(found.group(1) or 1) if found else 1
    return kind, times
