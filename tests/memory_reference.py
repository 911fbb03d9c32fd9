"""The streams of the current track and of repeats, plainly: from the whole sequence each time."""

from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.streams import NEAR_LAGS_BARS, NEAR_STEPS, OWN_LAGS_BARS
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM

LENGTHS = (3, 4, 5, 7, 10, 15, 21, 28, 36)
LONGEST = 36
CANDIDATES = 16


def own(tokens):
    """Values of the ``own_...`` streams by name after the last of ``tokens``; absent: 0."""
    music = Automaton(len(tokens))
    music.extend(tokens)
    if not any(token in DEFAULT["body"] for token in tokens) or not music.n_notes:
        return {}
    now, track = music.onset_steps, current_track(tokens)
    is_drums = music.programs[track] == DRUM_PROGRAM
    notes = music.notes()
    mine = notes[notes["track"] == track]
    found = {}

    def row(pitch):
        return int(pitch) + (129 if is_drums else 1)

    onsets = sorted(set(mine["onset_steps"].tolist()))
    for name, back in (("own", 1), ("own_before", 2)):
        if len(onsets) >= back:
            chord = mine[mine["onset_steps"] == onsets[-back]]
            found[f"{name}_low"] = row(chord["pitch_midi"].min())
            found[f"{name}_high"] = row(chord["pitch_midi"].max())
            found[f"{name}_count"] = min(len(chord), 8)
    if onsets:
        found["own_since"] = 1 + min(now - onsets[-1], 96)
        found["own_duration"] = min(int(mine["duration_steps"][-1]), 97)
        end = int((mine["onset_steps"] + mine["duration_steps"]).max())
        found["own_left"] = min(max(end - now, 0), 97)
    if len(onsets) >= 2:
        found["own_before_wait"] = min(onsets[-1] - onsets[-2], 97)
    bar, position = music.bar, music.bar_position
    skip = sum(mine["onset_steps"] == now)
    named = named_track(tokens)
    for lag in OWN_LAGS_BARS:
        place = place_of(music, bar - lag, position)
        if place is None:
            continue
        there = notes[notes["onset_steps"] == place]
        ours = there[there["track"] == track]
        if skip < len(ours):
            found[f"own_lag_{lag}_pitch"] = row(ours["pitch_midi"][skip])
            found[f"own_lag_{lag}_duration"] = min(int(ours["duration_steps"][skip]), 97)
        later = [t for t in there["track"].tolist() if t > named]
        if later:
            found[f"own_lag_{lag}_track"] = 1 + min(later)
        waits = [n - place for n in mine["onset_steps"].tolist() if n > place]
        after = [n - place for n in notes["onset_steps"].tolist() if n - place >= 97]
        if waits and min(waits) < 97:
            found[f"own_lag_{lag}_next"] = min(waits)
        elif after:
            found[f"own_lag_{lag}_next"] = 97
    return found


def strokes(tokens):
    """Values of the ``stroke_...`` and ``near_...`` streams by name; absent: 0."""
    music = Automaton(len(tokens))
    music.extend(tokens)
    if not any(token in DEFAULT["body"] for token in tokens) or not music.n_notes:
        return {}
    now, track, key = music.onset_steps, current_track(tokens), named_key(tokens)
    if music.programs[track] != DRUM_PROGRAM:
        return {}
    notes = music.notes()
    mine = notes[notes["track"] == track]
    earlier = mine[(mine["pitch_midi"] == key) & (mine["onset_steps"] < now)]
    found = {}
    if len(earlier):
        last = earlier[-1]
        found["stroke_velocity"] = 1 + int(last["velocity"]) // 8
        found["stroke_duration"] = min(int(last["duration_steps"]), 97)
        found["stroke_since"] = min(now - int(last["onset_steps"]), 97)
    just_struck = set(mine["pitch_midi"][mine["onset_steps"] >= now - NEAR_STEPS].tolist())
    for lag in NEAR_LAGS_BARS:
        place = place_of(music, music.bar - lag, music.bar_position)
        if place is None:
            continue
        there = earlier[abs(earlier["onset_steps"] - place) <= NEAR_STEPS]
        if len(there):
            found[f"stroke_velocity_{lag}"] = 1 + int(there[-1]["velocity"]) // 8
        onsets = sorted(set(notes["onset_steps"].tolist()))
        # A bar of a step or two is over so soon that the present onset lies near the place, too.
        before = [onset for onset in onsets if onset < now]
        near = [onset for onset in before if abs(onset - place) <= NEAR_STEPS]
        nearest = min(near, key=lambda onset: abs(onset - place)) if near else place
        waits = [onset - place for onset in onsets if onset > nearest]
        if waits:
            found[f"near_{lag}_next"] = min(*waits, 97)
        stood = mine[abs(mine["onset_steps"] - place) <= NEAR_STEPS]["pitch_midi"].tolist()
        left = [pitch for pitch in stood if pitch > key and pitch not in just_struck]
        if left:
            found[f"near_{lag}_pitch"] = 129 + min(left)
    return found


def named_key(tokens):
    """The key that the current track named last at the present onset; -1 none."""
    key = -1
    for token in tokens:
        if token in DEFAULT["shift"] or token in DEFAULT["track"]:
            key = -1
        for kind in ("pitch", "drum"):
            if token in DEFAULT[kind]:
                key = int(token) - DEFAULT[kind].start
    return key


def place_of(music, bar, position):
    """The step as far into a bar as the present one; None before the piece."""
    if bar < 0:
        return None
    first_bar, pickup, sections = 0, music.header[2], []
    for number, (onset, numerator, denominator) in enumerate(music.meters()):
        bar_steps = numerator * 96 // denominator
        start = pickup - bar_steps if number == 0 and pickup else onset
        if number:
            last = sections[-1]
            first_bar = last[0] + -(-(start - last[1]) // last[2])
        sections.append((first_bar, start, bar_steps))
    first_bar, start, bar_steps = [s for s in sections if s[0] <= bar][-1]
    place = start + (bar - first_bar) * bar_steps + position
    return place if place >= 0 else None


def current_track(tokens):
    tracks = [t - DEFAULT["track"].start for t in tokens if t in DEFAULT["track"]]
    return tracks[-1] if tracks else 0


def named_track(tokens):
    """The track named last at the present onset, by its token or a note; -1 none."""
    named = -1
    for i, token in enumerate(tokens):
        if token in DEFAULT["shift"]:
            named = -1
        elif any(token in DEFAULT[kind] for kind in ("track", "pitch", "drum")):
            named = current_track(tokens[: i + 1])
    return named


def repeats(tokens):
    """Values of the four streams of repeats by name after the last of ``tokens``."""
    body = next((i for i, t in enumerate(tokens) if t in DEFAULT["body"]), None)
    if body is None:
        return {}
    kinds = both_ways(tokens[body + 1 :])
    found = {}
    for name, symbols in zip(("match", "moved"), kinds, strict=True):
        found |= said(name, *longest(symbols), kinds[0])
    return found


def ahead(tokens, text, n_heard):
    """Values of the four streams of given music ahead, of which so many notes have been heard."""
    body = next((i for i, t in enumerate(tokens) if t in DEFAULT["body"]), None)
    starts = [i for i, t in enumerate(text) if t in DEFAULT["pitch"] or t in DEFAULT["drum"]]
    if body is None or n_heard >= len(starts):
        return {}
    found, heard = {}, both_ways(tokens[body + 1 :])
    for name, recent, there in zip(("match", "moved"), heard, both_ways(text), strict=True):
        best, follows = 0, None
        for end in range(starts[n_heard], len(there) - 1):
            length = common(recent, len(recent) - 1, there, end)
            if length >= 3 and length > best:
                best, follows = length, there[end + 1]
        found |= said(f"ahead_{name}", follows, best, heard[0])
    return found


def both_ways(tokens):
    """Tokens as they are, and with each pitch but the first as the interval from the last one."""
    moved, last = [], None
    for token in map(int, tokens):
        is_pitch = token in DEFAULT["pitch"]
        moved.append(("by", token - last) if is_pitch and last is not None else token)
        last = token if is_pitch else last
    return list(map(int, tokens)), moved


def said(name, symbol, length, heard):
    """The two values of a match."""
    if isinstance(symbol, tuple):
        last = [token for token in heard if token in DEFAULT["pitch"]][-1]
        symbol = last + symbol[1] if last + symbol[1] in DEFAULT["pitch"] else None
    if symbol is None:
        return {}
    return {
        f"{name}_token": 1 + symbol,
        f"{name}_length": sum(length >= bound for bound in LENGTHS),
    }


def common(one, i, other, j):
    """How many symbols up to two places are equal, 36 at most."""
    length = 0
    while length < LONGEST and length <= min(i, j) and one[i - length] == other[j - length]:
        length += 1
    return length


def longest(symbols):
    """What followed the longest earlier match, the latest of equals, and how long it is."""
    n, best, follows, seen = len(symbols), 0, None, 0
    for end in range(n - 2, -1, -1):
        length = common(symbols, n - 1, symbols, end)
        if length < 3:
            continue
        seen += 1
        if seen > CANDIDATES:
            break
        if length > best:
            best, follows = length, symbols[end + 1]
    return follows, best
