"""The context streams, held against a slow and plain reading of the same tokens."""

import numpy as np
import pytest
from hypothesis import given
from paths import MIDI_DATA
from token_strategies import bar_starts, examples, pieces

from lstm_music.corpus.batching.augment import transpose
from lstm_music.midi.read import read_midi
from lstm_music.music.beats import beat_strengths
from lstm_music.music.key import Key
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Track, make_notes
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM

NAMES = [name for name, _ in DEFAULT.streams]
NAMES = NAMES[: NAMES.index("own_low")]  # those from there on have tests of their own
FIRST_SHARPS = -7
"""Of the signatures, as the key tokens stand: Cb major, Ab minor, Gb major, ..."""


def degree(key, pitch):
    """Semitones from the tonic up to the pitch, by the name of the key alone."""
    name = str(key).split()[0]
    tonic = "C D EF G A B".index(name[0]) + name.count("#") - name.count("b")
    return (pitch - tonic) % 12


class Reader:
    """Reads tokens and knows the context, by lists and linear searches."""

    def __init__(self, piece, total_bars):
        self.piece, self.total_bars = piece, total_bars
        self.programs = [DRUM_PROGRAM if t.is_drum else t.program for t in piece.tracks]
        self.onset, self.track, self.longs, self.in_body = 0, 0, 0, False
        self.pitch = None
        self.key, self.tune = None, []  # the key once it is stated; pitches, drums left out
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
        elif kind == "key":
            self.key = self.piece.key
        elif kind == "shift":
            self.onset += 96 * self.longs + value + 1
        elif kind == "track":
            self.track = value
        elif kind in {"pitch", "drum"}:
            self.pitch = value
            if kind == "pitch":
                self.tune.append(value)
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
        if self.key:
            context["key"] = 1 + 2 * (self.key.sharps - FIRST_SHARPS) + (self.key.mode == "minor")
            context["tonic_degree"] = 1 + degree(self.key, self.tune[-1]) if self.tune else 0
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
        got = (rows[i] - np.array(DEFAULT.stream_offsets))[: len(NAMES)]
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


@pytest.mark.parametrize("name", ["chorale", "chorale_machine", "band", "drums"])
def test_streams_of_real_music(name):
    check(read_midi(MIDI_DATA / f"{name}.mid"), total_bars=0)


def streams(piece, *names):
    """Values of some streams after each token of a piece."""
    rows = annotate(encode(piece)) - np.array(DEFAULT.stream_offsets)
    return tuple(rows[:, NAMES.index(name)].tolist() for name in names)


def test_a_degree_is_the_same_in_every_key():
    piece = read_midi(MIDI_DATA / "chorale.mid")
    _, degrees = streams(piece, "key", "tonic_degree")
    assert piece.key == Key.parse("D minor")
    assert set(degrees) >= {0, 1, 3, 4, 6, 8}  # none yet; D, E, F, G, A
    told = set()
    for semitones in range(-5, 7):
        key, moved = streams(transpose(piece, semitones), "key", "tonic_degree")
        assert moved == degrees
        told.add(key[-1])
    assert len(told) == 12


def test_what_is_told_of_the_key_and_when():
    notes = make_notes([(0, 24, 36, 80, 0), (24, 24, 62, 80, 1), (48, 24, 37, 80, 0)])
    piece = Piece(notes, (Track(0, True), Track()), key=Key.parse("D minor"))
    key, degrees = streams(piece, "key", "tonic_degree")
    kinds = [DEFAULT.kind(int(token)) for token in encode(piece)]
    stated, heard = kinds.index("key"), kinds.index("pitch")
    assert key == [0] * stated + [14] * (len(kinds) - stated)
    # Drums have no degree: nothing before the one pitch, and the last hit takes nothing away.
    assert kinds[heard:].count("drum") == kinds[:heard].count("drum") == 1
    assert degrees == [0] * heard + [1] * (len(kinds) - heard)

    key, degrees = streams(piece.replace(key=None), "key", "tonic_degree")
    assert not any(key)
    assert not any(degrees)


def test_streams_lie_in_their_own_rows():
    notes = make_notes([(0, 24, 60, 80, 0), (96, 200, 127, 80, 0), (96, 1, 127, 9, 1)])
    rows = annotate(encode(Piece(notes, (Track(127), Track(0, True)))), 3)
    assert rows.dtype == np.int32
    assert rows.shape[1] == DEFAULT.n_streams
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
