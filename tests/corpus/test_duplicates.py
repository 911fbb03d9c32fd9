"""Near duplicates: made copies are found, other music is not, and never all with all."""

import numpy as np
import pytest
from paths import MIDI_DATA, SHARED_DATA, needs_shared_data

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.copies import duplicates
from lstm_music.corpus.copies.duplicates import (
    MIN_ITEMS,
    Groups,
    near_duplicates,
    outline,
    sketch,
)
from lstm_music.midi.read import read_midi
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track


def groups_of(pieces):
    outlines = [outline(piece) for piece in pieces]
    sketches = np.array([sketch(one.shingles) for one in outlines])
    sizes = np.array([len(one.shingles) for one in outlines])
    wholes = np.array([one.whole for one in outlines], np.uint64)
    return near_duplicates(sketches, sizes, wholes).tolist()


def with_notes(piece, notes):
    return Piece(notes=notes, tracks=piece.tracks)


def stretched(piece, numerator, denominator):
    notes = piece.notes.copy()
    for name in ("onset_steps", "duration_steps"):
        notes[name] = np.maximum(notes[name].astype(np.int64) * numerator // denominator, 0)
    notes["duration_steps"] = np.maximum(notes["duration_steps"], 1)
    return with_notes(piece, notes)


def edited(piece, share):
    rng = np.random.default_rng(1)
    notes = piece.notes.copy()
    moved = rng.random(len(notes)) < share
    notes["pitch_midi"][moved] += rng.integers(1, 4, np.count_nonzero(moved)).astype(np.uint8)
    return with_notes(piece, notes)


def jittered(piece):
    notes = piece.notes.copy()
    shift = np.random.default_rng(2).integers(-1, 2, len(notes))
    notes["onset_steps"] = np.maximum(notes["onset_steps"] + shift, 0)
    return with_notes(piece, notes)


COPIES = {
    "transposed": lambda piece: transpose(piece, -4),
    "slower": lambda piece: stretched(piece, 2, 1),
    "faster": lambda piece: stretched(piece, 2, 3),
    "edited": lambda piece: edited(piece, 0.05),
    "first half": lambda piece: with_notes(piece, piece.notes[: len(piece.notes) // 2]),
    "second half": lambda piece: with_notes(piece, piece.notes[len(piece.notes) // 2 :]),
    "jittered": jittered,
}


@pytest.fixture(scope="module")
def tunes():
    """Real pieces of some length that are not drums alone."""
    pieces = [read_midi(path) for path in sorted(MIDI_DATA.glob("*.mid"))]
    pitched = [p for p in pieces if not all(track.is_drum for track in p.tracks)]
    return [piece for piece in pitched if len(piece.notes) > 100]


def found(pieces, copy):
    groups = groups_of([*pieces, *(copy(piece) for piece in pieces)])
    return np.mean([groups[i] == groups[i + len(pieces)] for i in range(len(pieces))])


@pytest.mark.parametrize("kind", COPIES)
def test_copies_are_found(tunes, kind):
    assert found(tunes, COPIES[kind]) >= 0.9


def test_other_music_is_not_merged(tunes):
    assert groups_of(tunes) == list(range(len(tunes)))
    assert found(tunes, lambda piece: edited(piece, 0.9)) == 0.0


@needs_shared_data
def test_on_machine_made_chorales_which_are_all_alike():
    pieces = [read_midi(path) for path in sorted((SHARED_DATA / "js_fakes").glob("*.mid"))]
    groups = groups_of(pieces)
    assert len(set(groups)) >= len(pieces) - 3
    for kind, least in {"edited": 0.9, "first half": 0.95, "transposed": 1.0}.items():
        assert found(pieces, COPIES[kind]) >= least


def drums(keys, gap=12):
    notes = np.zeros(len(keys), NOTE_DTYPE)
    notes["onset_steps"], notes["duration_steps"] = np.arange(len(keys)) * gap, 3
    notes["pitch_midi"] = keys
    return Piece(notes=notes, tracks=(Track(is_drum=True),))


def test_drums_are_compared_by_what_is_struck():
    rng = np.random.default_rng(5)
    one, other = (rng.choice([36, 38, 42, 46, 49], 60) for _ in range(2))
    short = [36, 38, 42, 36, 38, 46, 49, 36, 38]
    pieces = [drums(keys, gap) for keys in (one, other, short, short[::-1]) for gap in (12, 7)]
    assert groups_of(pieces) == [0, 0, 2, 2, 4, 4, 6, 6]


def test_what_is_too_short_stands_alone():
    tiny = drums([36, 38] * (MIN_ITEMS // 2 - 1))
    assert groups_of([tiny, tiny, Piece(), Piece()]) == [0, 1, 2, 3]
    assert outline(Piece()).whole == 0


def test_resemblance_is_estimated():
    rng = np.random.default_rng(6)
    hashes = rng.integers(0, 1 << 63, 3000, dtype=np.uint64)
    for n_common in (0, 1000, 2000):
        one, other = hashes[:2000], hashes[2000 - n_common : 4000 - n_common]
        true = len(set(one.tolist()) & set(other.tolist())) / len({*one.tolist(), *other.tolist()})
        assert abs((sketch(one) == sketch(other)).mean() - true) < 0.13
    assert (sketch(hashes[:0]) == 65535).all()


def test_ten_thousand_copies_are_compared_a_few_times_each(monkeypatch):
    compared = []
    whole = duplicates.are_near
    monkeypatch.setattr(
        duplicates, "are_near", lambda same, *n: compared.append(len(same)) or whole(same, *n)
    )
    one = sketch(np.arange(500, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    sketches = np.tile(one, (10_000, 1))
    wholes = np.zeros(10_000, np.uint64)
    assert not near_duplicates(sketches, np.full(10_000, 500), wholes).any()
    assert sum(compared) < 2.1 * 10_000


def test_groups():
    groups = Groups(6)
    groups.join(np.array([5, 3, 1]), np.array([3, 4, 2]))
    assert groups.firsts().tolist() == [0, 1, 1, 3, 3, 3]
    groups.join_equal(np.array([7, 8, 7], np.uint64), np.array([0, 1, 4]))
    assert groups.firsts().tolist() == [0, 1, 1, 0, 0, 0]
    assert Groups(0).firsts().tolist() == []
