"""How much a music file may ask for before it is refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one MIDI file may hold; no honest piece comes near them.

    A file beyond one of them is refused with a ``MidiError``; exactly at it, it is read.

    Parameters
    ----------
    max_bytes : size of the file.
    max_tracks : track chunks in the file, and instruments in the piece.
    max_events : events of all tracks together.
    max_notes : notes of all tracks together.
    max_changes : changes of tempo, meter, key and name of all tracks together.
    max_quarters : time of the last event, in quarter notes.
    max_seconds : time of the end of the last note, by the tempos of the file.
    max_at_once : notes that begin at one step of the grid (every key of every channel).
    """

    max_bytes: int = 16 * 2**20
    max_tracks: int = 4096
    max_events: int = 2_000_000
    max_notes: int = 500_000
    max_changes: int = 100_000
    max_quarters: int = 20_000
    max_seconds: int = 4 * 60 * 60
    max_at_once: int = 2048


DEFAULT_LIMITS = Limits()

MAX_SCORE_BYTES = 32 << 20
"""The largest score, packed and unpacked; the longest of music21's corpus has 11 MB."""
