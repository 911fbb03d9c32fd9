"""What is told of given music, open places, wishes and chords; and which tokens are a choice."""

import pickle

import numpy as np
import pytest
from conditioning_reference import ENDLESS, FIRST, NAMES, TOLD, Listener, Told
from hypothesis import given
from hypothesis import strategies as st
from paths import MIDI_DATA
from token_strategies import examples, pieces

from lstm_music.corpus.batching.masks import given_notes
from lstm_music.errors import ShapeError
from lstm_music.midi.read import read_midi
from lstm_music.music.meter import Meter
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track, make_notes
from lstm_music.tokens.annotate import annotate, annotate_choices
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.conditioning import Conditioning
from lstm_music.tokens.encode import encode
from lstm_music.tokens.streams import MAX_TRACKS, WISH_SIZES
from lstm_music.tokens.vocabulary import DEFAULT

OFFSETS = np.array(DEFAULT.stream_offsets)
SIZES = dict(DEFAULT.streams)
NO_NOTES = np.empty(0, NOTE_DTYPE)


def everywhere(piece):
    return [(track, 0, ENDLESS) for track in range(len(piece.tracks))]


def random_places(rng, piece):
    """Some stretches of some tracks, apart; edges on onsets, beats or anywhere."""
    end = piece.end_steps + 30
    near = [*piece.notes["onset_steps"].tolist(), 0, end, *range(0, min(end, 500), 24)]
    places = []
    for track in range(len(piece.tracks)):
        edges = {int(rng.choice(near)) + int(rng.integers(0, 2)) for _ in range(rng.integers(0, 7))}
        edges = sorted(edges | ({ENDLESS} if rng.random() < 0.3 else set()))
        places += [(track, a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return places


def random_told(rng, piece, given=None):
    """Anything that may be said of a piece: `Conditioning`, and the same told plainly."""
    places = random_places(rng, piece)
    if given is None:
        given = piece.notes[rng.random(len(piece.notes)) < rng.choice([0.2, 0.7, 1.0])]
    n_bars = int(rng.integers(1, 12))
    wishes = onsets = chords = None
    if rng.random() < 0.7:
        wishes = np.zeros((n_bars, MAX_TRACKS, 4), np.uint8)
        for i, size in enumerate(WISH_SIZES.values()):
            wishes[..., i] = rng.integers(0, size, wishes.shape[:2])
    if rng.random() < 0.7:
        onsets = rng.integers(0, SIZES["wish_onsets"], n_bars).astype(np.uint8)
    if rng.random() < 0.7:
        when = np.unique(rng.integers(0, piece.end_steps + 50, rng.integers(0, 9)))
        sizes = SIZES["chord_root"], SIZES["chord_quality"]
        chords = np.stack([when, *(rng.integers(0, size, len(when)) for size in sizes)], axis=1)
    conditioning = Conditioning(given, places, wishes, onsets, chords)
    return conditioning, Told.of(given, places, wishes, onsets, () if chords is None else chords)


def check(piece, conditioning, told):
    """Rows and choices at every token, read at once and step by step."""
    tokens = encode(piece)
    rows, free = annotate_choices(tokens, conditioning=conditioning)
    assert np.array_equal(rows, annotate(tokens, conditioning=conditioning))
    listener, walker = Listener(piece, told), Automaton(len(tokens))
    walker.set_conditioning(conditioning)
    for i, token in enumerate(tokens.tolist()):
        assert free[i] == listener.is_free(), (i, DEFAULT.name(token))
        listener.read(token)
        assert walker.advance_py(token) == 0
        assert np.array_equal(walker.rows_py(), rows[i])
        got = (rows[i] - OFFSETS)[FIRST : FIRST + len(TOLD)].tolist()
        assert dict(zip(TOLD, got, strict=True)) == listener.context(), (i, DEFAULT.name(token))


@given(pieces(), st.integers(0, 1 << 30))
@examples(120)
def test_what_is_told_is_what_a_listener_knows(piece, seed):
    piece = canonical(piece)
    if len(piece.notes):
        check(piece, *random_told(np.random.default_rng(seed), piece))


@given(pieces(), st.integers(0, 1 << 30))
@examples(120)
def test_what_is_told_of_music_of_which_a_part_is_hidden(piece, seed):
    # Folded onto few places, so that what lies some bars ahead is seldom empty.
    notes = piece.notes.copy()
    notes["onset_steps"] = notes["onset_steps"] % 67 * 12
    folded = canonical(piece.replace(notes=notes, meters=(Meter(0, 1, 4),), pickup_steps=0))
    if not len(folded.notes):
        return
    rng = np.random.default_rng(seed)
    places = random_places(rng, folded)
    hidden = Conditioning(given_notes(folded, places), places)
    check(folded, hidden, Told.of(hidden.given, places))


@pytest.mark.parametrize("name", ["chorale", "chorale_machine", "band", "drums"])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_real_music(name, seed):
    piece = canonical(read_midi(MIDI_DATA / f"{name}.mid"))
    piece = piece.replace(notes=piece.notes[:250])
    piece = canonical(piece)
    check(piece, *random_told(np.random.default_rng(seed), piece))


def real():
    piece = canonical(read_midi(MIDI_DATA / "chorale.mid"))
    return piece, encode(piece)


def test_the_streams_are_in_their_tables():
    assert len(TOLD) == 42
    assert TOLD[0] == "closed" and TOLD[-1] == "chord_next_root"


def test_without_conditioning_nothing_is_told_and_all_is_a_choice():
    _, tokens = real()
    rows, free = annotate_choices(tokens)
    assert np.array_equal(rows, annotate(tokens))
    assert not (rows - OFFSETS)[:, FIRST : FIRST + len(TOLD)].any()
    assert (rows - OFFSETS)[:, :FIRST].any(axis=0).sum() > 20
    assert free.dtype == bool and free.all()


def test_a_continuation_is_told_the_same_as_nothing():
    piece, tokens = real()
    rows, free = annotate_choices(tokens, 7, Conditioning(NO_NOTES, everywhere(piece)))
    assert np.array_equal(rows, annotate(tokens, 7))
    assert free.all()


def test_given_music_that_has_been_heard_does_no_harm():
    piece, tokens = real()
    half = piece.notes[: len(piece.notes) // 2]
    last = int(half["onset_steps"][-1])
    rows, _ = annotate_choices(tokens, 0, Conditioning(half, everywhere(piece)))
    begun = np.flatnonzero((rows - OFFSETS)[:, NAMES.index("lead_1_next")] > 0)[-1]
    later = [i for i, on in enumerate(onsets_of(tokens)) if on > last and i > begun]
    assert len(later) > 100
    assert np.array_equal(rows[later], annotate(tokens)[later])


def onsets_of(tokens):
    """The onset after each token."""
    walker, onsets = Automaton(len(tokens)), []
    for token in tokens.tolist():
        walker.advance_py(token)
        onsets.append(walker.onset_steps)
    return onsets


def test_what_lies_behind_does_not_change_the_past_streams():
    piece, tokens = real()
    conditioning, _ = random_told(np.random.default_rng(1), piece)
    told = annotate(tokens, 9, conditioning)
    assert np.array_equal(told[:, :FIRST], annotate(tokens, 9)[:, :FIRST])
    assert (told[:, FIRST:] != OFFSETS[FIRST:]).any()


def test_every_row_lies_in_its_stream():
    piece, tokens = real()
    for seed in range(5):
        conditioning, _ = random_told(np.random.default_rng(seed), piece)
        values = annotate(tokens, 0, conditioning) - OFFSETS
        assert np.all((values >= 0) & (values < np.array(DEFAULT.stream_sizes)))


def test_a_copy_goes_on_alike():
    piece, tokens = real()
    conditioning, _ = random_told(np.random.default_rng(3), piece)
    rows = annotate(tokens, 0, conditioning)
    walker = Automaton(len(tokens))
    walker.set_conditioning(conditioning)
    for start in range(0, len(tokens) - 40, 97):
        copy = Automaton(len(tokens))
        assert copy.copy_from_py(walker) == 0
        assert copy.conditioning is conditioning
        for i in range(start, start + 40):
            assert copy.advance_py(int(tokens[i])) == 0
            assert np.array_equal(copy.rows_py(), rows[i])
        walker.extend(tokens[start : start + 97])
        assert np.array_equal(walker.rows_py(), rows[min(start + 97, len(tokens)) - 1])


def test_it_outlives_a_reset_and_can_be_taken_away():
    piece, tokens = real()
    conditioning, _ = random_told(np.random.default_rng(3), piece)
    told = annotate(tokens, 0, conditioning)
    walker = Automaton(len(tokens))
    walker.set_conditioning(conditioning)
    for _ in range(2):
        walker.reset_py()
        walker.extend(tokens[:200])
        assert np.array_equal(walker.rows_py(), told[199])
    walker.set_conditioning(None)
    walker.reset_py()
    walker.extend(tokens[:200])
    assert np.array_equal(walker.rows_py(), annotate(tokens)[199])


def test_it_may_come_as_late_as_the_body():
    piece, tokens = real()
    conditioning, _ = random_told(np.random.default_rng(3), piece)
    told = annotate(tokens, 0, conditioning)
    body = tokens.tolist().index(DEFAULT["body"].start)
    walker = Automaton(len(tokens))
    walker.extend(tokens[:body])
    walker.set_conditioning(conditioning)
    for i in range(body, len(tokens)):
        walker.advance_py(int(tokens[i]))
        assert np.array_equal(walker.rows_py(), told[i])


def test_leads_are_counted_in_bars_of_the_meter():
    notes = make_notes([(72 * i, 24, 60 + i, 84, 0) for i in range(9)])
    piece = Piece(notes, (Track(),), (Meter(0, 3, 4),))
    values = annotate(encode(piece), 0, Conditioning(notes, [])) - OFFSETS
    body = body_of(encode(piece)) - 1
    leads = [values[body, NAMES.index(f"lead_{lag}_pitch")] for lag in (1, 2, 4, 8)]
    assert leads == [62, 63, 65, 69]


# Which tokens are a choice.


def body_of(tokens):
    return tokens.tolist().index(DEFAULT["body"].start) + 1


def test_with_all_given_nothing_is_a_choice():
    piece, tokens = real()
    _, free = annotate_choices(tokens, 0, Conditioning(piece.notes, []))
    assert not free.any()


def test_with_nothing_given_and_nothing_open_the_header_is_a_choice():
    _, tokens = real()
    _, free = annotate_choices(tokens, 0, Conditioning(NO_NOTES, []))
    assert free[: body_of(tokens)].all()
    assert not free[body_of(tokens)]


def test_the_header_is_no_choice_where_something_is_given():
    piece, tokens = real()
    for given_too in (piece.notes[:1], piece.notes):
        _, free = annotate_choices(tokens, 0, Conditioning(given_too, everywhere(piece)))
        assert not free[: body_of(tokens)].any()
    assert free[body_of(tokens)]


TWO = Piece(
    make_notes([(0, 24, 60, 84, 0), (0, 24, 48, 84, 1), (24, 24, 62, 84, 0), (24, 24, 50, 84, 1)]),
    (Track(), Track()),
)


def names_of_choices(piece, places):
    tokens = encode(piece)
    _, free = annotate_choices(tokens, 0, Conditioning(given_notes(piece, places), places))
    return [DEFAULT.name(int(token)) for token in tokens[free]]


def test_choices_by_hand():
    """Behind the header: pitch 60, track 1, pitch 48; and at 24: track 0, pitch 62, ..."""
    assert names_of_choices(TWO, [(1, 24, 48)]) == ["track 1", "pitch 50", "duration 24", "end"]
    # At 24 a note of the first track comes first, and it is given: no wait can be chosen either.
    assert names_of_choices(TWO, [(0, 0, 24)]) == ["pitch 60", "duration 24", "track 1", "shift 24"]
    # Where the second track opens is only reached by a wait that might have been shorter.
    assert names_of_choices(TWO, [(1, 12, 24)]) == ["shift 24"]
    assert names_of_choices(TWO, [(1, 48, 96)]) == ["end"]


def test_a_note_is_a_choice_exactly_in_open_places():
    piece, tokens = real()
    rng = np.random.default_rng(8)
    for _ in range(20):
        places = random_places(rng, piece)
        given_too = given_notes(piece, places)
        _, free = annotate_choices(tokens, 0, Conditioning(given_too, places))
        expected = ~np.isin(piece.notes, given_too)
        durations = np.flatnonzero(DEFAULT.is_kind(tokens, "duration"))
        assert free[durations].tolist() == expected.tolist()
        # The pitch of a note that is written is a choice, too.
        pitches = np.flatnonzero(DEFAULT.is_kind(tokens, "pitch"))
        assert free[pitches][expected].all()


# What is refused.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((TWO.notes["onset_steps"], []), "NOTE_DTYPE"),
        ((TWO.notes[:, None], []), "NOTE_DTYPE"),
        ((TWO.notes[::-1], []), "in order"),
        ((make_notes([(0, 1, 60, 80, 16)]), []), "tracks 0..15"),
        ((NO_NOTES, [(1, 0, 5), (0, 0, 5)]), "order of track"),
        ((NO_NOTES, [(0, 9, 12), (0, 0, 5)]), "order of track"),
        ((NO_NOTES, [], np.full((1, 16, 4), 18)), "wish"),
        ((NO_NOTES, [], np.full((1, 16, 4), 256)), "wish"),
        ((NO_NOTES, [], None, [34]), "wish"),
        ((NO_NOTES, [], None, [-1]), "wish"),
        ((NO_NOTES, [(16, 0, 5)]), "place"),
        ((NO_NOTES, [(-1, 0, 5)]), "place"),
        ((NO_NOTES, [(0, 0, 9), (0, 5, 12)]), "overlap"),
        ((NO_NOTES, [], None, None, [(0, 14, 0)]), "chord"),
        ((NO_NOTES, [], None, None, [(0, 2, 12)]), "chord"),
        ((NO_NOTES, [], None, None, [(0, -1, 0)]), "chord"),
        ((NO_NOTES, [], None, None, [(9, 2, 1), (0, 2, 1)]), "chord"),
        ((NO_NOTES, [], None, None, [(9, 2)]), "chord"),
    ],
)
def test_what_is_no_conditioning_is_refused(arguments, words):
    with pytest.raises(ShapeError, match=words):
        Conditioning(*arguments)


def test_it_can_be_sent_to_another_process():
    piece, tokens = real()
    conditioning, _ = random_told(np.random.default_rng(3), piece)
    again = pickle.loads(pickle.dumps(conditioning))
    assert np.array_equal(annotate(tokens, 0, again), annotate(tokens, 0, conditioning))
