"""Whether limits were kept: pitch, length, place, loudness, density, rests."""

from __future__ import annotations

from lstm_music.generate.reporting.result import Found, Result, all_hold
from lstm_music.music.polyphony import most_together
from lstm_music.types import NoteArray


def scale(result: Result) -> Found:
    """The share of the pitched notes in the scale."""
    asked = result.ruling.scale
    if asked is None or not len(result.pitched):
        return None, None
    inside = float(asked.mask()[result.pitched["pitch_midi"] % 12].mean())
    return {"share_inside": inside}, inside == 1.0 or result.request.scale_fit == "mostly"


def pitch_range(result: Result) -> Found:
    """Lowest and highest pitch of each track."""
    found = result.by_track(
        lambda notes: (int(notes["pitch_midi"].min()), int(notes["pitch_midi"].max()))
    )
    kept = all_hold(
        result, result.request.pitch_range, found, lambda w, f: w[0] <= f[0] and f[1] <= w[1]
    )
    return {track: list(pair) for track, pair in found.items()}, kept


def max_polyphony(result: Result) -> Found:
    """Most notes that sound together in each track."""
    found = result.by_track(most_together)
    return found, all_hold(result, result.request.max_polyphony, found, lambda w, f: f <= w)


def min_duration(result: Result) -> Found:
    """The shortest pitched note, in steps."""
    if not len(result.pitched):
        return None, None
    shortest = int(result.pitched["duration_steps"].min())
    return shortest, shortest >= (result.request.min_duration or 0)


def max_duration(result: Result) -> Found:
    """The longest pitched note, in steps."""
    if not len(result.pitched):
        return None, None
    longest = int(result.pitched["duration_steps"].max())
    return longest, longest <= (result.request.max_duration or longest)


def grid(result: Result) -> Found:
    """The share of the onsets on the grid."""
    if not len(result.new):
        return None, None
    places, _ = result.piece.bar_lines.places(result.new["onset_steps"])
    on = float((places % (result.request.grid or 1) == 0).mean())
    return {"share_on_grid": on}, on == 1.0


def velocity_range(result: Result) -> Found:
    """The softest and the loudest velocity."""
    if not len(result.new):
        return None, None
    low, high = result.request.velocity_range
    found = int(result.new["velocity"].min()), int(result.new["velocity"].max())
    return list(found), low <= found[0] and found[1] <= high


def min_density(result: Result) -> Found:
    """Fewest onsets in a bar of each track."""
    found = {track: min(counts) for track, counts in result.onsets_a_bar().items()}
    return found, all_hold(result, result.request.min_density, found, lambda w, f: f >= w)


def max_density(result: Result) -> Found:
    """Most onsets in a bar of each track."""
    found = {track: max(counts) for track, counts in result.onsets_a_bar().items()}
    return found, all_hold(result, result.request.max_density, found, lambda w, f: f <= w)


def rests(result: Result) -> Found:
    """The longest silence of each track, in steps."""
    longest = {}
    for track in result.plan.open_tracks:
        notes = result.piece.notes[result.piece.notes["track"] == track]
        gaps = [
            _longest_silence(notes, place.start_steps, place.end_steps)
            for place in result.plan.places
            if place.track == track
        ]
        longest[track + 1] = max(gaps, default=0)
    return longest, all(gap == 0 for gap in longest.values())


def _longest_silence(notes: NoteArray, start: int, end: int) -> int:
    """Longest stretch in [start, end) in which no note sounds, the end left out."""
    ends = notes["onset_steps"] + notes["duration_steps"]
    near = notes[(notes["onset_steps"] < end) & (ends > start)]
    silence, sounds_until = 0, start
    for note in near:
        silence = max(silence, int(note["onset_steps"]) - sounds_until)
        sounds_until = max(sounds_until, int(note["onset_steps"] + note["duration_steps"]))
    return silence
