"""The grammar: what is legal is accepted, what is not is refused, and nothing gets stuck."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from token_strategies import examples, finish, pieces, walk

from lstm_music.errors import TokenError
from lstm_music.tokens.annotate import annotate
from lstm_music.tokens.automaton import Automaton
from lstm_music.tokens.canonical import canonical
from lstm_music.tokens.decode import decode, written_piece
from lstm_music.tokens.encode import encode
from lstm_music.tokens.vocabulary import DEFAULT, MAX_LONGS

SEEDS = st.integers(0, 2**32 - 1)


def token(kind, value=0):
    return DEFAULT[kind][value]


def header(*programs, numerator=4, denominator=2):
    return [
        *(token("start"), token("style")),
        *(token("numerator", numerator - 1), token("denominator", denominator)),
        *(token("key"), token("tempo", 24), token("pickup")),
        *(token("program", program) for program in programs or [0]),
        token("body"),
    ]


def note(pitch, steps, kind="pitch"):
    longs, rest = divmod(steps - 1, 96)
    return [token(kind, pitch), *[token("long")] * longs, token("duration", rest)]


def shift(steps):
    longs, rest = divmod(steps - 1, 96)
    return [*[token("long")] * longs, token("shift", rest)]


def after(*tokens):
    automaton = Automaton(100)
    automaton.extend(tokens)
    return automaton


def is_legal(automaton, kind, value=0):
    return bool(automaton.legal_py()[token(kind, value)])


@given(SEEDS)
@examples(40)
def test_the_mask_and_advance_agree_on_every_token(seed):
    rng = np.random.default_rng(seed)
    _, automaton = walk(rng, int(rng.integers(0, 120)))
    legal, rows = automaton.legal_py(), automaton.rows_py()
    assert legal.any() or automaton.is_ended
    other = Automaton(2000)
    for candidate in range(-1, DEFAULT.n_tokens + 1):
        other.copy_from_py(automaton)
        in_range = 0 <= candidate < DEFAULT.n_tokens
        accepted = in_range and legal[candidate]
        assert other.advance_py(candidate) == (0 if accepted else -1)
        if not accepted:  # a refused token leaves no trace
            assert np.array_equal(other.legal_py(), legal)
            assert np.array_equal(other.rows_py(), rows)


@given(SEEDS)
@examples(60)
def test_rows_while_walking_are_those_of_annotate(seed):
    rng = np.random.default_rng(seed)
    tokens = finish(*walk(rng, 200))
    total_bars = int(rng.integers(0, 14))
    automaton = Automaton(len(tokens))
    automaton.set_bars_left(total_bars)
    walked = []
    for one in tokens:
        assert automaton.advance_py(one) == 0
        walked.append(automaton.rows_py())
    assert np.array_equal(annotate(tokens, total_bars), walked)


@given(SEEDS)
@examples(60)
def test_a_copy_is_equal_and_goes_its_own_way(seed):
    rng = np.random.default_rng(seed)
    tokens, automaton = walk(rng, 150)
    automaton.set_bars_left(7)
    copy = Automaton(2000)
    copy.extend(walk(rng, 60)[0])  # what it held before must not shine through
    assert copy.copy_from_py(automaton) == 0
    untouched = automaton.rows_py()
    whole = finish(tokens.copy(), copy)
    assert np.array_equal(automaton.rows_py(), untouched)
    rows = annotate(whole, 7)
    copy.copy_from_py(automaton)
    for i in range(len(tokens), len(whole)):
        assert copy.advance_py(whole[i]) == 0
        assert np.array_equal(copy.rows_py(), rows[i])
    assert written_piece(copy) == decode(whole)


def test_a_copy_that_does_not_fit_is_refused():
    small = Automaton(1)
    assert small.copy_from_py(after(*header(), *note(60, 4), *note(62, 4))) == -2
    assert small.n_notes == 0
    assert small.copy_from_py(after(*header(), *note(60, 4))) == 0


@pytest.mark.parametrize(
    ("prefix", "last"),
    [
        ([*note(60, 24)], note(62, 24)),
        (
            [token("pedal_down"), *shift(1), token("pedal_up")],
            [*shift(1), token("pedal_down")],
        ),
        ([*note(60, 24), *shift(1), token("tempo", 3)], [*shift(1), token("tempo", 4)]),
        (
            [*note(60, 24), *shift(1), token("numerator", 2), token("denominator", 2)],
            [*shift(1), token("numerator", 4), token("denominator", 2)],
        ),
    ],
)
def test_no_room_is_reported_and_changes_nothing(prefix, last):
    fits = [*header(), *prefix]
    automaton = Automaton(2 if len(prefix) > 2 else 1)
    automaton.extend([*fits, *last[:-1]])
    rows = automaton.rows_py()
    assert automaton.advance_py(last[-1]) == -2
    assert np.array_equal(automaton.rows_py(), rows)
    with pytest.raises(TokenError, match=r"room for \d notes"):
        automaton.extend([last[-1]])


def test_a_header_cannot_name_a_pickup_as_long_as_the_bar():
    start = header(numerator=3, denominator=1)[:6]  # 3/2: 144 steps
    automaton = after(*start)
    assert is_legal(automaton, "pickup", 95)
    automaton.extend([token("long")])
    assert not is_legal(automaton, "long")
    assert is_legal(automaton, "pickup", 47)
    assert not is_legal(automaton, "pickup", 48)


def test_meter_and_tempo_at_time_0_stand_only_in_the_header():
    automaton = after(*header())
    assert not is_legal(automaton, "numerator", 3)
    assert not is_legal(automaton, "tempo", 1)
    automaton.extend(shift(1))
    assert is_legal(automaton, "numerator", 3)
    assert is_legal(automaton, "tempo", 1)


def test_a_meter_in_force_returns_only_where_it_cuts_a_bar():
    in_bar = after(*header(), *note(60, 1), *shift(95), token("numerator", 3))
    on_line = after(*header(), *note(60, 1), *shift(96), token("numerator", 3))
    assert is_legal(in_bar, "denominator", 2)
    assert not is_legal(on_line, "denominator", 2)
    assert is_legal(on_line, "denominator", 1)


def test_meter_goes_before_tempo_before_notes():
    automaton = after(*header(), *note(60, 1), *shift(5), token("tempo", 3))
    assert not is_legal(automaton, "numerator", 3)
    assert not is_legal(automaton, "tempo", 4)
    assert is_legal(automaton, "pitch", 60)
    automaton.extend(note(60, 1))
    assert not is_legal(automaton, "tempo", 4)


def test_something_happens_after_a_shift():
    automaton = after(*header(), *note(60, 1), *shift(5))
    for kind in ("end", "shift", "long"):
        assert not is_legal(automaton, kind)


def test_the_first_onset_may_be_late():
    automaton = after(*header())
    assert is_legal(automaton, "shift", 7)
    assert is_legal(automaton, "long")


def test_after_longs_only_the_time_they_begin():
    moving = after(*header(), token("long"))
    assert set(np.flatnonzero(moving.legal_py())) == {token("long"), *DEFAULT["shift"]}
    sounding = after(*header(), token("pitch", 60), token("long"))
    assert set(np.flatnonzero(sounding.legal_py())) == {token("long"), *DEFAULT["duration"]}


def test_at_most_64_whole_notes():
    automaton = after(*header(), *[token("long")] * MAX_LONGS)
    assert not is_legal(automaton, "long")
    assert automaton.onset_after_py(token("shift", 95)) == 64 * 96


def test_no_end_without_a_note_in_every_track():
    automaton = after(*header(0, 128), *note(60, 1))
    assert not is_legal(automaton, "end")
    automaton.extend([token("track", 1), *note(36, 1, "drum")])
    assert is_legal(automaton, "end")
    automaton.extend([*shift(1), token("tempo", 2)])
    assert not is_legal(automaton, "end")


def test_tracks_and_pitches_rise_within_an_onset_and_drums_stay_drums():
    automaton = after(*header(0, 128, 5), token("track", 1), *note(36, 9, "drum"))
    assert not is_legal(automaton, "drum", 35)
    assert is_legal(automaton, "drum", 37)
    assert not is_legal(automaton, "pitch", 60)
    assert [is_legal(automaton, "track", i) for i in range(4)] == [False, False, True, False]
    automaton.extend(shift(3))
    assert [is_legal(automaton, "track", i) for i in range(4)] == [True, False, True, False]


def test_a_key_is_not_struck_while_it_sounds():
    automaton = after(*header(0, 0), *note(60, 10), *shift(9))
    assert not is_legal(automaton, "pitch", 60)
    automaton.extend([token("track", 1)])
    assert is_legal(automaton, "pitch", 60)
    assert is_legal(after(*header(), *note(60, 10), *shift(10)), "pitch", 60)


def test_velocity_is_said_only_when_it_changes():
    automaton = after(*header(), *note(60, 1))
    assert not is_legal(automaton, "velocity", 80 // 8)
    automaton.extend([token("velocity", 3), *note(62, 1)])
    assert not is_legal(automaton, "velocity", 3)
    assert is_legal(automaton, "velocity", 10)
    assert automaton.notes()["velocity"].tolist() == [28, 28]


def test_pedal_changes_change_something():
    automaton = after(*header())
    assert not is_legal(automaton, "pedal_up")
    automaton.extend([token("pedal_down")])
    assert not is_legal(automaton, "pedal_up")  # a press of no length
    assert not is_legal(automaton, "pedal_down")
    automaton.extend([*shift(1), token("pedal_up")])
    assert is_legal(automaton, "pedal_down")  # a lift and a press
    automaton.extend([token("pedal_down")])
    assert not is_legal(automaton, "pedal_up")


def test_onset_after_tells_where_a_shift_would_lead():
    automaton = after(*header(), *note(60, 100), *shift(30), *note(62, 1))
    assert automaton.onset_steps == automaton.onset_after_py(token("pitch", 64)) == 30
    assert automaton.onset_after_py(token("shift", 6)) == 37
    assert automaton.onset_after_py(token("long")) == 30 + 97
    automaton.extend([token("long")])
    assert automaton.onset_steps == 30
    assert automaton.onset_after_py(token("long")) == 30 + 193
    assert automaton.onset_after_py(token("shift", 6)) == 30 + 96 + 7
    automaton.extend([token("shift", 6)])
    assert automaton.onset_steps == 133


@given(SEEDS)
@examples(30)
def test_onset_after_is_the_onset_after(seed):
    tokens = finish(*walk(np.random.default_rng(seed), 120))
    automaton = Automaton(len(tokens))
    for one in tokens:
        expected = automaton.onset_after_py(one)
        automaton.extend([one])
        if one != token("long"):
            assert automaton.onset_steps == expected


def test_reset_forgets_everything():
    used, fresh = after(*header(0, 128), *note(60, 10)), Automaton(5)
    used.set_bars_left(3)
    used.reset_py()
    for one in [*header(), *note(60, 10)]:
        assert np.array_equal(used.legal_py(), fresh.legal_py())
        assert np.array_equal(used.rows_py(), fresh.rows_py())
        used.extend([one])
        fresh.extend([one])


@given(pieces())
@examples(60)
def test_n_bars_is_the_bar_of_the_last_sounding_step(piece):
    piece = canonical(piece)
    if len(piece.notes):
        last = piece.bar_lines.bar_at(piece.end_steps - 1)
        tokens = encode(piece)
        automaton = Automaton(len(tokens))
        automaton.extend(tokens)
        assert automaton.n_bars == last + 1


def test_an_illegal_token_is_named_with_what_may_stand_there():
    tokens = [*header(), token("pitch", 60), token("shift", 3)]
    with pytest.raises(TokenError, match=r"token 10 \(shift 4\).*expected long or duration"):
        annotate(tokens)
    with pytest.raises(TokenError, match="on to END, got 10, the last one pitch 60"):
        decode(tokens[:-1])


@pytest.mark.parametrize("tokens", [[], [[0]], [0.5], ["start"], [-1], [2**70], [889], None])
def test_what_are_no_tokens_is_refused(tokens):
    with pytest.raises(TokenError):
        decode(tokens)


@pytest.mark.parametrize("capacity", [0, -1, 1 << 40])
def test_a_capacity_that_cannot_be_is_refused(capacity):
    with pytest.raises(ValueError, match="capacity"):
        Automaton(capacity)
