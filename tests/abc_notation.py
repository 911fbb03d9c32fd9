"""Small tunes in ABC notation, and what is read of them."""

from fractions import Fraction

from lstm_music.midi.scores.abc.tune import read_tune
from lstm_music.midi.scores.foreign import read_abc

HEAD = "X:1\nT:a\nM:4/4\nL:1/4\nK:C\n"


def tune(music, key="C", meter="4/4", more=""):
    """A tune in quarter notes, with ``more`` lines in its header."""
    unit = "" if "L:" in more else "L:1/4\n"
    return f"X:1\nT:a\n{more}M:{meter}\n{unit}K:{key}\n{music}\n"


def bars_of(text, voice=0):
    return read_tune(text).voices[voice][1]


def notes_of(text):
    """(onset, length, pitch) of the notes of the first voice, in quarter notes."""
    found, start = [], Fraction(0)
    for bar in bars_of(text):
        found += [(start + n.onset, n.length, n.pitch) for n in bar.notes if n.length]
        start += bar.length
    return found


def pitches(text):
    return [pitch for _, _, pitch in notes_of(text)]


def lengths(text):
    return [length for _, length, _ in notes_of(text)]


def played(text, **options):
    """Onset and length in steps and pitch of all notes of the piece."""
    notes = read_abc(text, **options).notes
    return list(zip(*(notes[f].tolist() for f in ("onset_steps", "duration_steps", "pitch_midi"))))


def played_pitches(text):
    return [pitch for _, _, pitch in played(text)]
