"""The context streams, held against a slow and plain reading of the same tokens."""

import numpy as np
from hypothesis import given
from token_strategies import bar_starts, examples, pieces

from lstm_music.music.beats import beat_strengths
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.automaton import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM

NAMES = [name for name, _ in DEFAULT.streams]


class Reader:
    """Reads tokens and knows the context, by lists and linear searches."""

    def __init__(self, piece, total_bars):
        self.piece, self.total_bars = piece, total_bars
        self.programs = [DRUM_PROGRAM if t.is_drum else t.program for t in piece.tracks]
        self.onset, self.track, self.longs, self.in_body = 0, 0, 0, False
        self.pitch = None
        self.notes = []  # (onset, duration, pitch, track)
        self.meters = [piece.meters[0]]
        self.numerator = None

    def read(self, token):
        kind = DEFAULT.kind(token)
        value = token - DEFAULT[kind].start
        if kind == "long":
            self.longs += 1
            return
        if kind == "body":
            self.in_body = True
        elif kind == "shift":
            self.onset += 96 * self.longs + value + 1
        elif kind == "track":
            self.track = value
        elif kind in {"pitch", "drum"}:
            self.pitch = value
        elif kind == "duration":
            self.notes.append((self.onset, 96 * self.longs + value + 1, self.pitch, self.track))
        elif kind == "numerator":
            self.numerator = value + 1
        elif kind == "denominator" and self.in_body:
            self.meters.append(Meter(self.onset, self.numerator, 2**value))
        self.longs = 0

    def context(self, token):
        context = dict.fromkeys(NAMES, 0)
        context["token"] = token
        starts = bar_starts(self.piece.replace(meters=tuple(self.meters)), self.onset)
        bar = max(i for i, start in enumerate(starts) if start <= self.onset)
        position = self.onset - starts[bar]
        if self.total_bars:
            here = bar if self.in_body else 0
            context["bars_left"] = min(max(self.total_bars - here, 1), 9)
        if not self.in_body:
            return context
        context["bar_position"] = min(position, 192)
        context["beat_strength"] = beat_strengths(self.meters[-1])[position]
        program = self.programs[self.track]
        context["program"] = 17 if program == DRUM_PROGRAM else 1 + program // 8
        for onset, duration, pitch, track in self.notes:
            if self.programs[track] != DRUM_PROGRAM and onset + duration > self.onset:
                context[f"pitch_class_{pitch % 12}"] = 1
        for lag in (1, 2, 4, 8):
            if bar >= lag and starts[bar - lag] + position >= 0:
                self._look_back(context, lag, starts[bar - lag] + position)
        return context

    def _look_back(self, context, lag, place):
        there = [note for note in self.notes if note[0] == place]
        here = sum(note[0] == self.onset for note in self.notes)
        if here < len(there):
            _, duration, pitch, track = there[here]
            drum = self.programs[track] == DRUM_PROGRAM
            context[f"lag_{lag}_pitch"] = pitch + (129 if drum else 1)
            context[f"lag_{lag}_duration"] = min(duration, 97)
        later = [note[0] for note in self.notes if note[0] > place]
        if later:
            context[f"lag_{lag}_next"] = min(min(later) - place, 97)


def check(piece, total_bars):
    tokens = encode(piece)
    rows = annotate(tokens, total_bars)
    reader = Reader(canonical(piece), total_bars)
    for i, token in enumerate(tokens[:-1].tolist()):
        reader.read(token)
        context = reader.context(token)
        got = rows[i] - np.array(DEFAULT.stream_offsets)
        assert dict(zip(NAMES, got.tolist())) == context, (i, DEFAULT.name(token))


@given(pieces())
@examples(60)
def test_streams_are_what_a_reader_of_the_score_sees(piece):
    if len(canonical(piece).notes):
        check(piece, total_bars=len(piece.notes) % 12)


@given(pieces())
@examples(60)
def test_streams_of_music_that_repeats_itself(piece):
    # Folded onto few places and tracks, so that the lagged places are seldom empty.
    notes = piece.notes.copy()
    notes["onset_steps"] = notes["onset_steps"] % 67 * 12
    meters = tuple({m.onset_steps % 25 * 12: m for m in reversed(piece.meters)}.items())
    meters = [Meter(onset, m.numerator, m.denominator) for onset, m in sorted(meters)]
    pickup_steps = piece.pickup_steps % meters[0].bar_steps
    folded = piece.replace(notes=notes, meters=tuple(meters), pickup_steps=pickup_steps)
    if len(folded.notes):
        check(folded, total_bars=0)


def test_streams_lie_in_their_own_rows():
    notes = make_notes([(0, 24, 60, 80, 0), (96, 200, 127, 80, 0), (96, 1, 127, 9, 1)])
    rows = annotate(encode(Piece(notes, (Track(127), Track(0, True)))), 3)
    assert rows.dtype == np.int32
    assert rows.shape[1] == DEFAULT.n_streams == len(NAMES)
    firsts, sizes = np.array(DEFAULT.stream_offsets), np.array(DEFAULT.stream_sizes)
    assert np.all((rows >= firsts) & (rows < firsts + sizes))
    assert firsts[-1] + sizes[-1] == DEFAULT.n_rows


def test_an_upbeat_stands_at_the_end_of_its_bar():
    notes = make_notes([(0, 12, 60, 80, 0), (12, 24, 62, 80, 0), (84, 12, 64, 80, 0)])
    tokens = encode(Piece(notes, (Track(),), (Meter(0, 3, 4),), pickup_steps=12))
    rows = annotate(tokens) - np.array(DEFAULT.stream_offsets)
    pitches = [t in DEFAULT["pitch"] for t in tokens]
    assert rows[pitches, NAMES.index("bar_position")].tolist() == [60, 0, 0]
    assert rows[pitches, NAMES.index("beat_strength")].tolist() == [2, 0, 0]
    lag_1 = rows[pitches, NAMES.index("lag_1_pitch")].tolist()
    assert lag_1 == [0, 0, 63]  # the bar line one bar before has pitch 62
