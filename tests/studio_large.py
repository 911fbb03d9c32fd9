"""A large piece for the piano roll."""

import random

from lstm_music.midi.json_piece import piece_from_json


def write_large(path, tracks=5, notes_a_track=4000):
    """Write a MIDI file with so many notes: a quarter of a quarter note apart, at random."""
    draw = random.Random(1)
    notes = [
        {
            "track": track,
            "pitch": 36 + 8 * track + draw.randrange(20),
            "onset_quarters": i / 4,
            "duration_quarters": draw.choice((0.25, 0.5, 1.0)),
            "velocity": draw.randrange(30, 120),
        }
        for track in range(tracks)
        for i in range(notes_a_track)
    ]
    parts = [{"program": 8 * track, "name": f"Part {track + 1}"} for track in range(tracks)]
    meters = [{"onset_quarters": 0, "numerator": 4, "denominator": 4}]
    piece_from_json({"notes": notes, "tracks": parts, "meters": meters}).write(path)
