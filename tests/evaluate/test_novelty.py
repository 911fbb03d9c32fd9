"""Shared runs, against brute force on small alphabets and by hand on real files."""

import dataclasses
from collections import defaultdict

import numpy as np
import pytest
from corpus_data import cache_of
from hypothesis import given
from hypothesis import strategies as st
from paths import MIDI_DATA
from token_strategies import examples

from lstm_music.corpus.copies.fingerprints import corpus_fingerprints
from lstm_music.errors import ConfigError
from lstm_music.evaluate.novelty import (
    KnownMusic,
    SharedRun,
    fingerprint_novelty,
    novelty,
    suffix_order,
)
from lstm_music.midi.files import read
from lstm_music.music.meter import Meter
from lstm_music.music.piece import Piece, Tempo, Track, make_notes
from lstm_music.tokens.canonical import canonical

NOTHING = SharedRun()


def piece_of(notes, kinds=(False,), **fields):
    """A piece of (onset, pitch, track); ``kinds`` says which tracks are drums."""
    rows = [(onset, 6, pitch, 80, track) for onset, pitch, track in notes]
    return Piece(notes=make_notes(rows), tracks=tuple(Track(0, k) for k in kinds), **fields)


def melody(pitches, step=12, first=0, is_drum=False, **fields):
    notes = [(first + i * step, pitch, 0) for i, pitch in enumerate(pitches)]
    return piece_of(notes, (is_drum,), **fields)


def changed(piece, **fields):
    """The piece with something added to a field of all its notes."""
    notes = piece.notes.copy()
    for name, value in fields.items():
        notes[name] += value
    return piece.replace(notes=notes)


# --- brute force: what the docstring says, in plain Python -------------------------------------


def lines_by_hand(piece):
    """Every line as a list of (onset, pitch), with its kind."""
    lines = []
    for is_drum in (False, True):
        tracks = [i for i, track in enumerate(piece.tracks) if track.is_drum == is_drum]
        by_track = defaultdict(set)
        for note in piece.notes:
            if note["track"] in tracks:
                by_track[int(note["track"])].add(
                    (int(note["onset_steps"]), int(note["pitch_midi"]))
                )
        chosen = [set().union(*by_track.values())]
        chosen += by_track.values() if len(by_track) > 1 else []
        lines += [(is_drum, sorted(c, key=lambda n: (n[0], -n[1]))) for c in chosen]
    return lines


def same_step(is_drum, a, b, c, d):
    """Whether the step from note a to b is that from c to d."""
    if b[0] - a[0] != d[0] - c[0]:
        return False
    return (a[1], b[1]) == (c[1], d[1]) if is_drum else b[1] - a[1] == d[1] - c[1]


def longest_by_hand(piece, known):
    """Notes of the longest run, by the textbook's dynamic programming over all pairs of lines."""
    best = 0
    for is_drum, mine in lines_by_hand(piece):
        for other in known:
            for other_is_drum, theirs in lines_by_hand(other):
                if is_drum != other_is_drum:
                    continue
                before = {}
                for i in range(1, len(mine)):
                    now = {}
                    for j in range(1, len(theirs)):
                        if same_step(is_drum, mine[i - 1], mine[i], theirs[j - 1], theirs[j]):
                            now[j] = before.get(j - 1, 0) + 1
                            best = max(best, now[j] + 1)
                    before = now
    return best


def stretches(piece, run, first_onset):
    """Every stretch of ``run.n_notes`` that begins at an onset, as comparable shapes."""
    shapes = set()
    for is_drum, line in lines_by_hand(piece):
        for i in range(len(line) - run.n_notes + 1):
            if line[i][0] == first_onset:
                onset, pitch = line[i]
                base = 0 if is_drum else pitch
                part = line[i : i + run.n_notes]
                shapes.add((is_drum, tuple((o - onset, p - base) for o, p in part)))
    return shapes


NOTE = st.tuples(st.integers(0, 20), st.integers(60, 62), st.integers(0, 2))
PIECES = st.builds(
    piece_of,
    st.lists(NOTE, max_size=14),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)


@given(st.lists(PIECES, max_size=4), st.lists(PIECES, min_size=1, max_size=3))
@examples(150)
def test_against_brute_force(known, asked):
    runs = KnownMusic(known).longest_runs(asked)
    assert [run.n_notes for run in runs] == [longest_by_hand(piece, known) for piece in asked]
    for piece, run in zip(asked, runs, strict=True):
        if not run.n_notes:
            assert run == NOTHING
            continue
        mine = stretches(piece, run, run.onset_steps)
        common = mine & stretches(known[run.source], run, run.source_onset_steps)
        assert run.length_steps in {shape[-1][0] for _, shape in common}
        assert run == KnownMusic(known).longest_run(piece)


@given(st.lists(st.integers(0, 2), max_size=30))
@examples(150)
def test_order_of_suffixes(values):
    symbols = np.array([*values, 3])
    suffixes = sorted(range(len(symbols)), key=lambda i: symbols[i:].tolist())
    assert suffix_order(symbols).tolist() == suffixes


# --- by hand -----------------------------------------------------------------------------------

TUNE = [60, 62, 64, 65, 67, 69, 71, 72, 67, 64]


def test_a_transposed_copy_is_found_whole():
    known = KnownMusic([melody([60, 60]), melody(TUNE, first=24)])
    copy = melody([pitch + 7 for pitch in TUNE], first=36)
    assert known.longest_run(copy) == SharedRun(10, 36, 1, 24, 9 * 12)


def test_a_changed_note_leaves_the_longer_half():
    other = TUNE.copy()
    other[6] = 40
    known = KnownMusic([melody(TUNE)])
    assert known.longest_run(melody(other)).n_notes == 6
    other = TUNE.copy()
    other[3] = 40
    assert known.longest_run(melody(other)) == SharedRun(6, 48, 0, 48, 60)


def test_tempo_does_not_matter_but_note_values_do():
    known = KnownMusic([melody(TUNE)])
    assert known.longest_run(melody(TUNE, tempos=(Tempo(0, 250_000),))).n_notes == 10
    assert known.longest_run(melody(TUNE, step=24)) == NOTHING


def test_drums_are_themselves():
    beat = [36, 42, 38, 42, 36, 42, 38, 46]
    known = KnownMusic([melody(beat, is_drum=True)])
    assert known.longest_run(melody(beat, is_drum=True)).n_notes == 8
    assert known.longest_run(melody([k + 1 for k in beat], is_drum=True)) == NOTHING
    assert known.longest_run(melody(beat)) == NOTHING  # a xylophone is no drum kit
    for low in range(3):
        known = KnownMusic([melody([low, k], is_drum=True) for k in range(128)])
        assert known.longest_run(melody([60, 61])) == NOTHING


def test_no_run_goes_from_one_piece_to_the_next():
    halves = [melody(TUNE[:5]), melody(TUNE[5:])]
    assert KnownMusic(halves).longest_run(melody(TUNE)).n_notes == 5
    assert KnownMusic([melody(TUNE)]).longest_runs(halves) == [
        SharedRun(5, 0, 0, 0, 48),
        SharedRun(5, 0, 0, 60, 48),
    ]


def test_one_note_and_none_share_nothing():
    tune = melody(TUNE)
    for known in ([], [Piece()], [melody([60])], [Piece(), melody([60])]):
        assert KnownMusic(known).longest_runs([tune, Piece(), melody([60])]) == [NOTHING] * 3
    assert KnownMusic([Piece(), tune, Piece()]).longest_run(tune).source == 1
    assert KnownMusic([tune]).longest_runs([]) == []


def test_of_equal_runs_the_first_is_told():
    known = KnownMusic([melody([60, 61]), melody(TUNE), melody(TUNE + TUNE)])
    assert known.longest_run(melody([*TUNE, 40, *TUNE])) == SharedRun(10, 0, 1, 0, 108)


def test_a_voice_is_found_beside_other_voices():
    voice = [(12 * i, pitch, 0) for i, pitch in enumerate(TUNE)]
    below = [(8 * i, 40, 1) for i in range(15)]
    known = KnownMusic([piece_of(voice + below, (False, False))])
    assert known.longest_run(melody(TUNE)).n_notes == 10
    assert known.longest_run(piece_of(voice)).n_notes == 10


def test_drums_do_not_hide_the_music_above_them():
    voice = [(12 * i, pitch, 0) for i, pitch in enumerate(TUNE)]
    beat = [(8 * i, 36, 1) for i in range(9)]
    known = KnownMusic([piece_of(voice + beat, (False, True))])
    assert known.longest_run(melody(TUNE)).n_notes == 10
    assert known.longest_run(piece_of(beat, (False, True))).n_notes == 9


@pytest.mark.parametrize("name", ["chorale.mid", "chorale_triple.mid", "chorale_machine.mid"])
def test_a_chorale_on_one_track_is_found_on_four(name):
    chorale = read(MIDI_DATA / name)
    assert len(chorale.tracks) == 4
    merged = chorale.notes.copy()
    merged["track"] = 0
    _, once = np.unique(merged[["onset_steps", "pitch_midi"]], return_index=True)
    assert len(once) < len(merged)  # voices meet in a unison
    one = chorale.replace(notes=merged[once], tracks=chorale.tracks[:1])
    higher = changed(one, pitch_midi=2, onset_steps=96)
    others = [read(path) for path in sorted(MIDI_DATA.glob("*.mid")) if path.name != name]
    run = KnownMusic([*others, chorale]).longest_run(higher)
    assert (run.n_notes, run.source) == (len(once), len(others))
    assert run.onset_steps == run.source_onset_steps + 96
    assert KnownMusic([*others, higher]).longest_run(chorale).n_notes == len(once)
    assert KnownMusic(others).longest_run(higher).n_notes < len(once) / 4


# --- against a corpus --------------------------------------------------------------------------


def corpus():
    """Two training tunes, and four held out that share runs of 2, 3, 4 and 10 notes with them."""
    rests = [[60, 61, 50], [60, 62, 64, 50], [60, 62, 64, 65, 50], [20, *TUNE]]
    pieces = [melody([30, 31, 40]), melody(TUNE), *map(melody, rests)]
    return cache_of(list(map(canonical, pieces)), ["train"] * 2 + ["valid", "test"] * 2)


def test_what_is_usual_is_told_by_what_is_held_out():
    waltz = melody(TUNE[1:], first=48, meters=(Meter(0, 3, 4),), pickup_steps=24)
    report = novelty([waltz, melody(TUNE[:3]), melody([60, 77]), Piece()], corpus())
    assert report["known"] == {"pieces": 2}
    assert report["held_out"]["pieces"] == 4
    assert report["held_out"]["median_notes"] == 3.5
    assert report["held_out"]["percentile_95_notes"] == pytest.approx(9.1)
    whole, three, *nothing = report["pieces"]
    assert whole == {
        "notes": 9,
        "bars": 2,
        "run_notes": 9,
        "from_bar": 1,  # the pickup is bar 0
        "to_bar": 2,
        "known_piece": "1",
        "known_bar": 1,
        "no_longer_than_percent": 25.0,
    }
    assert (three["run_notes"], three["no_longer_than_percent"]) == (3, 75.0)
    for row, (n_notes, n_bars) in zip(nothing, ((2, 1), (0, 0)), strict=True):
        assert (row["notes"], row["bars"], row["run_notes"]) == (n_notes, n_bars, 0)
        assert row["known_piece"] is row["known_bar"] is row["from_bar"] is row["to_bar"] is None
        assert row["no_longer_than_percent"] == 100.0


def test_the_users_own_part_of_what_we_continued_is_not_looked_for():
    continued = melody(TUNE).replace(added_places=((0, 96, 10_000),))  # after eight eighths
    (row,) = novelty([continued], corpus())["pieces"]
    alone = len(TUNE) - 8
    assert (row["notes"], row["run_notes"], row["bars"]) == (alone, alone, 2)
    assert row["from_bar"] == 2


def test_bars_written_anew_inside_the_users_music_are_looked_for_alone():
    piece = melody(TUNE).replace(added_places=((0, 24, 48), (0, 96, 108)))  # an eighth is 12
    (row,) = novelty([piece], corpus())["pieces"]
    assert row["notes"] == 3
    other = piece.replace(tracks=(*piece.tracks, Track()), added_places=((1, 0, 10_000),))
    assert novelty([other], corpus())["pieces"][0]["notes"] == 0


def test_a_corpus_without_a_side():
    cache = corpus()
    train = dataclasses.replace(cache, sides=np.zeros_like(cache.sides))
    report = novelty([melody(TUNE)], train)
    assert report["held_out"] is report["pieces"][0]["no_longer_than_percent"] is None
    with pytest.raises(ConfigError, match="0 training pieces, 6 held out"):
        novelty([melody(TUNE)], dataclasses.replace(cache, sides=np.ones_like(cache.sides)))


def test_fingerprints_tell_the_same_except_where_a_run_is_from():
    cache = corpus()
    waltz = melody(TUNE[1:], first=48, meters=(Meter(0, 3, 4),), pickup_steps=24)
    continued = melody(TUNE + TUNE).replace(added_places=((0, 120, 1 << 20),))
    pieces = [waltz, melody(TUNE[:3]), continued, Piece()]
    exact, report = novelty(pieces, cache), fingerprint_novelty(pieces, corpus_fingerprints(cache))
    assert report["known"] == {"pieces": 2, "least_notes": 8}
    usual = {"pieces": 4, "median_notes": 0, "percentile_95_notes": pytest.approx(8.5)}
    assert report["held_out"] == usual | {"styles": {"": usual}}
    for row, other, is_told in zip(
        report["pieces"], exact["pieces"], (True, False, True, True), strict=True
    ):
        if is_told:
            unknown = {"known_piece": None, "known_bar": None}
            assert row == other | unknown
        else:
            assert (row["notes"], row["run_notes"], row["from_bar"]) == (3, 0, None)
            assert row["no_longer_than_percent"] == 100.0


def test_fingerprints_without_held_out_pieces():
    cache = corpus()
    train = dataclasses.replace(cache, sides=np.zeros_like(cache.sides))
    report = fingerprint_novelty([melody(TUNE)], corpus_fingerprints(train))
    assert report["held_out"] is report["pieces"][0]["no_longer_than_percent"] is None
    assert report["pieces"][0]["run_notes"] == 10
