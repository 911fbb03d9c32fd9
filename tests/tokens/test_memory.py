"""What is told of the current track's past, and of repeats, against a plain reference."""

import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from memory_reference import ahead, named_track, own, repeats, strokes
from paths import MIDI_DATA
from token_strategies import examples, pieces

from lstm_music.midi.read import read_midi
from lstm_music.music.piece import NOTE_DTYPE, Meter, Piece, Tempo, Track
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.encode import encode, given_text
from lstm_music.tokens.streams import MOST_IN_CHORD
from lstm_music.tokens.vocabulary import DEFAULT

NAMES = [name for name, _ in DEFAULT.streams]
FIRST = NAMES.index("own_low")
LAST_OWN = NAMES.index("match_token")
STROKES = NAMES.index("stroke_velocity")


def values(rows):
    """The streams from ``own_low`` on by name, those that are not 0."""
    told = np.asarray(rows) - DEFAULT.stream_offsets
    return {NAMES[i]: int(told[i]) for i in range(FIRST, len(NAMES)) if told[i]}


def assert_told(tokens, places=12):
    """At some places, for the reference starts anew at each."""
    rows = annotate(tokens)
    for i in np.unique(np.linspace(0, len(tokens) - 1, places).astype(int)):
        so_far = tokens[: i + 1]
        expected = {name: value for name, value in own(so_far).items() if value}
        assert values(rows[i]) == expected | repeats(so_far) | strokes(so_far), i


@given(pieces())
@examples(40)
def test_any_piece(piece):
    piece = canonical(piece)
    assume(len(piece.notes))
    assert_told(encode(piece))


def test_the_present_onset_is_not_near_a_place_before_it():
    """A bar of one step, and a drum at the beginning of the next."""
    notes = np.array([(1, 1, 60, 1, 0, 0)], NOTE_DTYPE)
    meters = (Meter(0, 4, 4), Meter(1, 4, 4))
    piece = Piece(notes, (Track(0, True, ""),), meters, (Tempo(0, 500_000),))
    tokens = encode(canonical(piece))
    assert_told(tokens, places=len(tokens))
    assert values(annotate(tokens)[-1])["near_1_next"] == 1


@pytest.mark.parametrize("name", ["band", "chorale", "drums", "pickup", "reel"])
def test_real_music(name):
    tokens = encode(canonical(read_midi(MIDI_DATA / f"{name}.mid")))
    assert_told(tokens[:500], places=60)


def test_it_tells_of_repeats_and_of_each_track():
    tokens = encode(canonical(read_midi(MIDI_DATA / "band.mid")))
    told = annotate(tokens) - DEFAULT.stream_offsets
    for i in range(FIRST, NAMES.index("ahead_match_token")):
        assert len(np.unique(told[:, i])) > 2, NAMES[i]
        assert told[:, i].min() >= 0 and told[:, i].max() < DEFAULT.stream_sizes[i]
    right = told[:-1, NAMES.index("match_token")] == tokens[1:] + 1
    assert right.mean() > 0.5


def test_it_tells_of_strokes_of_drums_alone():
    told = annotate(encode(canonical(read_midi(MIDI_DATA / "drums.mid")))) - DEFAULT.stream_offsets
    for i in range(STROKES, len(NAMES)):
        assert len(np.unique(told[:, i])) > 2, NAMES[i]
        assert told[:, i].min() >= 0 and told[:, i].max() < DEFAULT.stream_sizes[i]
    told = annotate(encode(canonical(read_midi(MIDI_DATA / "chorale.mid"))))
    assert not (told - DEFAULT.stream_offsets)[:, STROKES:].any()


@pytest.mark.parametrize("name", ["band", "drums", "jig", "reel"])
@pytest.mark.parametrize("seed", range(2))
def test_what_is_given_ahead_is_searched(name, seed):
    rng = np.random.default_rng(seed)
    piece = canonical(read_midi(MIDI_DATA / f"{name}.mid"))
    piece = canonical(piece.replace(notes=piece.notes[:110]))
    places = [(track, 0, 1 << 30) for track in range(len(piece.tracks))]
    given = piece.notes[rng.random(len(piece.notes)) < 0.6]
    text = given_text(given, piece.tracks)
    assert np.isin(text.tokens, DEFAULT["pitch"]).sum() + np.isin(
        text.tokens, DEFAULT["drum"]
    ).sum() == len(given)
    tokens = encode(piece)
    rows = annotate(tokens, 0, Conditioning(given, places, text=text))
    ranks = given["onset_steps"].astype(int) * 4096 + given["track"] * 256 + given["pitch_midi"] + 1
    music, some = Automaton(len(tokens)), 0
    for i, token in enumerate(tokens):
        music.advance_py(int(token))
        if i % 9 and i < len(tokens) - 12:
            continue
        expected = ahead(
            tokens[: i + 1], text.tokens, int((ranks <= reached(tokens, i, music)).sum())
        )
        told = {k: v for k, v in values(rows[i]).items() if k.startswith("ahead")}
        assert told == expected, i
        some += bool(expected)
    assert some > 5


def reached(tokens, i, music):
    """Onset, track and pitch named last, as one number."""
    named = named_track(tokens[: i + 1])
    if named < 0:
        return music.onset_steps * 4096 - 1
    back = i
    while not any(tokens[back] in DEFAULT[kind] for kind in ("track", "pitch", "drum")):
        back -= 1
    pitch = 0 if tokens[back] in DEFAULT["track"] else 1 + tokens[back] - (
        DEFAULT["pitch"].start if tokens[back] in DEFAULT["pitch"] else DEFAULT["drum"].start
    )  # fmt: skip
    return music.onset_steps * 4096 + named * 256 + pitch


def test_without_given_music_nothing_is_searched():
    assert given_text(np.empty(0, NOTE_DTYPE), (Track(),)) is None
    tokens = encode(canonical(read_midi(MIDI_DATA / "reel.mid")))
    told = annotate(tokens) - DEFAULT.stream_offsets
    assert not told[:, NAMES.index("ahead_match_token") : STROKES].any()


def test_a_given_text_can_be_pickled():
    piece = canonical(read_midi(MIDI_DATA / "reel.mid"))
    hidden = Conditioning(
        piece.notes[40:], [(0, 0, 200)], text=given_text(piece.notes[40:], piece.tracks)
    )
    tokens = encode(piece)
    again = pickle.loads(pickle.dumps(hidden))
    assert np.array_equal(annotate(tokens, 0, again), annotate(tokens, 0, hidden))
    assert not np.array_equal(annotate(tokens, 0, again), annotate(tokens))


def test_a_copy_goes_on_alone():
    tokens = encode(canonical(read_midi(MIDI_DATA / "reel.mid")))
    rows = annotate(tokens)
    one, other = Automaton(len(tokens)), Automaton(len(tokens) + 7)
    half = len(tokens) // 2
    one.extend(tokens[:half])
    assert other.copy_from_py(one) == 0
    one.extend(tokens[half:])
    for i in range(half, len(tokens)):
        other.advance_py(int(tokens[i]))
        assert np.array_equal(other.rows_py(), rows[i])
    one.reset_py()
    one.extend(tokens[:half])
    assert np.array_equal(one.rows_py(), rows[half - 1])


def test_a_copy_without_the_room_changes_nothing():
    tokens = encode(canonical(read_midi(MIDI_DATA / "reel.mid")))
    full, small = Automaton(len(tokens)), Automaton(2)
    full.extend(tokens)
    small.extend(tokens[:12])
    before = small.rows_py()
    assert small.copy_from_py(full) == -2
    assert np.array_equal(small.rows_py(), before)


def test_sizes():
    sizes = dict(DEFAULT.streams)
    assert sizes["own_count"] == MOST_IN_CHORD + 1
    assert sizes["match_token"] == sizes["moved_token"] == DEFAULT.n_tokens + 1
