"""What a network is told of given music, open places, wishes and chords, read plainly.

Written from the tables and docstrings of ``lstm_music.tokens.vocabulary``, by lists and linear
searches.
"""

from dataclasses import dataclass, field

import numpy as np
from token_strategies import bar_starts

from lstm_music.music.meter import Meter
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.streams import LAGS_BARS
from lstm_music.tokens.vocabulary import DEFAULT

NAMES = [name for name, _ in DEFAULT.streams]
NAMES = NAMES[: NAMES.index("own_low")]
FIRST = NAMES.index("closed")
TOLD = NAMES[FIRST:]
"""The streams that are told of besides the past."""

ENDLESS = 1 << 30


@dataclass
class Told:
    """What is said: notes as (onset, track, pitch, duration), all lists of plain tuples."""

    given: list = field(default_factory=list)
    places: list = field(default_factory=list)
    wishes: np.ndarray | None = None
    onsets: np.ndarray | None = None
    chords: list = field(default_factory=list)

    @classmethod
    def of(cls, notes, places, wishes=None, onsets=None, chords=()):
        """From NOTE_DTYPE."""
        names = ("onset_steps", "track", "pitch_midi", "duration_steps")
        given = sorted(zip(*(notes[name].tolist() for name in names), strict=True))
        chords = [tuple(int(x) for x in chord) for chord in chords]
        return cls(given, [tuple(place) for place in places], wishes, onsets, chords)

    def is_open(self, track, onset):
        return any(t == track and a <= onset < b for t, a, b in self.places)


class Listener:
    """Reads the tokens of a piece and knows what is told after each."""

    def __init__(self, piece, told):
        self.piece, self.told = canonical(piece), told
        self.drums = {i for i, track in enumerate(piece.tracks) if track.is_drum}
        self.onset = self.track = self.longs = self.n_tracks = 0
        self.in_body = False
        self.key = None  # the last pitch named at this onset in this track
        self.named = False  # whether a track or note has been named at this onset
        self.meters = [self.piece.meters[0]]
        self.numerator = None
        self.last = "start"  # kind of the last token, LONGs apart

    def read(self, token):
        kind = DEFAULT.kind(token)
        value = token - DEFAULT[kind].start
        if kind == "long":
            self.longs += 1
            return
        if kind == "body":
            self.in_body = True
        elif kind == "program":
            self.n_tracks += 1
        elif kind == "shift":
            self.onset += 96 * self.longs + value + 1
            self.key, self.named = None, False
        elif kind == "track":
            self.track, self.key, self.named = value, None, True
        elif kind in {"pitch", "drum"}:
            self.key, self.named = value, True
        elif kind == "numerator":
            self.numerator = value + 1
        elif kind == "denominator" and self.in_body:
            self.meters.append(Meter(self.onset, self.numerator, 2**value))
        self.longs = 0
        self.last = kind

    def is_past(self, track, pitch):
        """Whether a note of this onset comes no later than the one named last."""
        if not self.named or track > self.track:
            return False
        return track < self.track or (self.key is not None and pitch <= self.key)

    def ahead(self):
        """The given notes that have not been named."""
        return [
            note
            for note in self.told.given
            if note[0] > self.onset or (note[0] == self.onset and not self.is_past(*note[1:3]))
        ]

    def coded(self, note):
        return note[2] + (129 if note[1] in self.drums else 1)

    def bass_and_top(self, notes):
        pitches = [pitch for _, track, pitch, _ in notes if track not in self.drums]
        return (1 + min(pitches), 1 + max(pitches)) if pitches else (0, 0)

    def bar(self):
        starts = bar_starts(self.piece.replace(meters=tuple(self.meters)), self.onset)
        return max(i for i, start in enumerate(starts) if start <= self.onset)

    def context(self):
        """Value of every stream that is told."""
        out = dict.fromkeys(TOLD, 0)
        if not self.in_body:
            return out
        told, onset = self.told, self.onset
        ahead = self.ahead()
        later_tracks = range(self.track + 1, self.n_tracks)
        out["closed"] = int(not told.is_open(self.track, onset))
        out["closed_later"] = int(
            len(later_tracks) > 0 and not any(told.is_open(t, onset) for t in later_tracks)
        )
        for track, start, end in told.places:
            if track == self.track and start <= onset < end < ENDLESS:
                out["gap_left"] = min(-(-(end - onset) // 24), 65)
        self._given(out, [n for n in ahead if n[0] == onset], [n for n in ahead if n[0] > onset])
        for note in [n for n in ahead if n[1] == self.track][:1]:
            out["ahead_track_pitch"] = self.coded(note)
            out["ahead_track_wait"] = min(1 + (note[0] - onset) // 24, 65)
        for lag in LAGS_BARS:
            self._lead(out, lag, onset + lag * self.meters[-1].bar_steps)
        self._wishes(out)
        return out

    def _given(self, out, here, later):
        for note in here[:1]:
            out["ahead_now"] = self.coded(note)
        out["ahead_bass"], _ = self.bass_and_top(here)
        for _, track, pitch, _ in here:
            if track not in self.drums:
                out[f"ahead_class_{pitch % 12}"] = 1
        if later:
            out["ahead_wait"] = min(later[0][0] - self.onset, 97)
            together = [note for note in later if note[0] == later[0][0]]
            out["ahead_low"], out["ahead_high"] = self.bass_and_top(together)

    def _lead(self, out, lag, place):
        there = [n for n in self.told.given if n[0] == place and not self.is_past(*n[1:3])]
        for note in there[:1]:
            out[f"lead_{lag}_pitch"] = self.coded(note)
            out[f"lead_{lag}_duration"] = min(note[3], 97)
        after = [note[0] for note in self.told.given if note[0] > place]
        if after:
            out[f"lead_{lag}_next"] = min(after[0] - place, 97)

    def _wishes(self, out):
        bar, told = self.bar(), self.told
        if told.wishes is not None and bar < len(told.wishes):
            for i, name in enumerate(("density", "polyphony", "register", "duration")):
                out[f"wish_{name}"] = int(told.wishes[bar, self.track, i])
        if told.onsets is not None and bar < len(told.onsets):
            out["wish_onsets"] = int(told.onsets[bar])
        begun = [chord for chord in told.chords if chord[0] <= self.onset]
        if begun:
            _, out["chord_root"], out["chord_quality"] = begun[-1]
        if len(begun) < len(told.chords):
            out["chord_next_root"] = told.chords[len(begun)][1]

    def is_free(self):
        """Whether the next token is a choice.

        - Header, and the second half of a meter: where nothing is given.
        - Inside a note: where the note is not given.
        - Right behind a note that is not given: always, it may be told how it is played.
        - Elsewhere, also behind a LONG of a wait: where an open place lies between here and the
          next given note.
        """
        if not self.in_body or self.last == "numerator":
            return not self.told.given
        is_given = any(
            (onset, track, pitch) == (self.onset, self.track, self.key)
            for onset, track, pitch, _ in self.told.given
        )
        if self.last in {"pitch", "drum"}:
            return not is_given
        if self.last in {"duration", "velocity"} and not is_given and not self.longs:
            return True
        return self._is_open_before((self.ahead() or [(ENDLESS, 16)])[0])

    def _is_open_before(self, given):
        for track, start, _ in self.told.places:
            for onset in (self.onset, self.onset + 1, start):
                is_here = onset == self.onset and (not self.named or track >= self.track)
                if not self.told.is_open(track, onset) or not (is_here or onset > self.onset):
                    continue
                if (onset, track) <= given[:2]:
                    return True
        return False
