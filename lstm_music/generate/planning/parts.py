"""Which part lies above which, and how they may move: what voice leading must know of a plan."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from lstm_music.generate.planning.plan import Plan
from lstm_music.generate.planning.prompt import Prompt
from lstm_music.generate.planning.ruling import Ruling, of_track
from lstm_music.generate.voice_leading import VoiceLeading
from lstm_music.music.instruments.general_midi import SOUNDING_RANGES
from lstm_music.music.voice_leading import crossings
from lstm_music.tokens.streams import MAX_TRACKS


def voices_for(ruling: Ruling, plan: Plan, prompt: Prompt) -> VoiceLeading | None:
    """The masks of voice leading, in the tracks of the prompt; None: parts are free."""
    if ruling.voice_leading == "free":
        return None
    tracks = prompt.tracks.tolist()
    has_parts = np.zeros(MAX_TRACKS, np.uint8)
    has_parts[: len(tracks)] = [not plan.given.tracks[track].is_drum for track in tracks]
    above = np.zeros((MAX_TRACKS, MAX_TRACKS), np.uint8)
    for upper, lower in ordered_parts(ruling, plan):
        if upper in tracks and lower in tracks:
            above[tracks.index(upper), tracks.index(lower)] = 1
    return VoiceLeading(has_parts, above)


def ordered_parts(ruling: Ruling, plan: Plan) -> list[tuple[int, int]]:
    """Pairs of tracks that must not cross, the upper first.

    Of tracks with notes the mean pitch tells which lies above, and a pair that crosses in the
    music itself is free. Of tracks without any their instruments' ranges tell, or what was asked
    as range; of like ones the first named lies above. Between one with notes and one without
    nothing tells, unless they have the same instrument: then the new one lies below.
    """
    notes = np.concatenate([plan.given.notes, plan.replaced])
    sounding = set(np.unique(notes["track"]).tolist())
    pitched = [i for i, track in enumerate(plan.given.tracks) if not track.is_drum]
    found = []
    for one, other in combinations(pitched, 2):
        if (one in sounding) != (other in sounding):
            old, new = (one, other) if one in sounding else (other, one)
            tracks = plan.given.tracks
            if tracks[old].program == tracks[new].program:
                found.append((old, new))
            continue
        if one in sounding:
            heights = [notes["pitch_midi"][notes["track"] == t].mean() for t in (one, other)]
        else:
            heights = [_middle(ruling, plan, t) for t in (one, other)]
        upper, lower = (one, other) if heights[0] >= heights[1] else (other, one)
        if not crossings(notes, upper, lower):
            found.append((upper, lower))
    return found


def _middle(ruling: Ruling, plan: Plan, track: int) -> float:
    """The middle of the range in which a new track is written."""
    low, high = (
        of_track(ruling.request.pitch_range, track)
        or SOUNDING_RANGES[plan.given.tracks[track].program]
    )
    return (low + high) / 2
