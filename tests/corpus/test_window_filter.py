"""Fingerprints of large corpora: they fit, forget nothing, and tell copies nearly to the note."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from corpus_data import cache_of

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.copies.fingerprints import (
    FILTERS,
    MOST_BYTES,
    SETS,
    Fingerprints,
    KnownRun,
    corpus_fingerprints,
)
from lstm_music.corpus.copies.window_filter import BUCKET_BYTES, WindowFilter
from lstm_music.corpus.copies.windows import window_hashes
from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.evaluate.novelty import KnownMusic
from lstm_music.music.piece import NOTE_DTYPE, Piece, Track
from lstm_music.tokens.canonical import canonical

HEADER_BYTES = 20_000
LIMIT = 46_000  # bytes of the file: 1.6 bits a window of `songs`, as of the bundled default
NOTES = 1_000


def song(rng, n_notes=NOTES):
    """A melody of many rhythms, in which nearly no window stands twice."""
    notes = np.zeros(n_notes, NOTE_DTYPE)
    notes["onset_steps"] = np.cumsum(rng.choice([3, 6, 8, 9, 12, 18, 24], n_notes))
    notes["pitch_midi"] = 40 + np.cumsum(rng.integers(-7, 8, n_notes)) % 40
    notes["duration_steps"], notes["velocity"] = 3, 80
    return Piece(notes=notes, tracks=(Track(),))


def with_a_copy(rng, known, n_notes):
    """New music with some notes of known music in its middle, in another key."""
    new, first = song(rng, 200).notes, int(rng.integers(len(known.notes) - n_notes))
    copy = transpose(known, 2).notes[first : first + n_notes].copy()
    copy["onset_steps"] += new["onset_steps"][99] + 5 - copy["onset_steps"][0]
    rest = new[100:].copy()
    rest["onset_steps"] += copy["onset_steps"][-1] + 5 - rest["onset_steps"][0]
    return Piece(notes=np.concatenate([new[:100], copy, rest]), tracks=(Track(),))


@pytest.fixture(scope="module")
def songs():
    rng = np.random.default_rng(2)
    return [song(rng) for _ in range(130)]


@pytest.fixture(scope="module")
def known(songs):
    return Fingerprints.of(songs, most_bytes=LIMIT)


# --- the set itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("windows", "n_bytes", "bits"),
    [
        (5, 32, 8),
        (300, 4_000, 8),
        (10_000, 20_000, 7.9),
        (10_000, 5_000, 3.6),
        (10_000, 2_000, 1.42),
        (10_000, 1_000, 0.66),
        (10_000, 200, 0.09),
    ],
)
def test_no_window_is_forgotten_and_few_others_pass(windows, n_bytes, bits):
    """``bits``: one in 2**bits others passes, however many bytes there are."""
    rng = np.random.default_rng(7)
    steps = rng.integers(0, 1 << 40, windows + 6)
    kept = WindowFilter.of([window_hashes(steps, 8)[1]], 8, n_bytes)
    assert kept.windows == windows
    assert len(kept.to_bytes()) == n_bytes // BUCKET_BYTES * BUCKET_BYTES
    within = kept.known(steps)
    assert within[:windows].all()
    assert not within[windows:].any()
    passed = kept.known(rng.integers(0, 1 << 40, 400_000)).mean()
    assert passed <= 2**-bits


def test_far_too_many_windows_for_the_bytes_are_all_known():
    hashes = np.random.default_rng(0).integers(0, 1 << 64, 100_000, np.uint64)
    kept = WindowFilter.of([hashes[:60_000], hashes[40_000:]], 8, 16)
    assert kept.windows == 100_000
    assert kept.known(np.arange(1000))[:-6].all()


def test_no_windows():
    kept = WindowFilter.of([], 8, 160)
    assert kept.windows == 0
    assert not kept.known(np.arange(1000)).any()


# --- of a corpus -------------------------------------------------------------------------------


def test_small_corpora_have_lists_and_large_ones_filters(songs, known):
    room = LIMIT - HEADER_BYTES
    lists = Fingerprints.of(songs[:12], most_bytes=LIMIT)
    assert lists.to_bytes() == Fingerprints.of(songs[:12]).to_bytes()
    assert lists.to_bytes()[:8] == b"LMKNOWN1"
    assert [(windows.n_notes, windows.bits) for windows in lists.sets] == list(SETS)
    data = known.to_bytes()
    assert data[:8] == b"LMKNOWN2"
    assert room * 0.99 < len(data) < room + 1_000
    assert [windows.n_notes for windows in known.sets] == [n_notes for n_notes, _ in FILTERS]
    assert sum(percent for _, percent in FILTERS) == 100
    assert MOST_BYTES == 2_000_000
    assert known.least_notes == lists.least_notes == 8


def test_no_room():
    with pytest.raises(ConfigError, match="most_bytes must be 20400 or more, got 20399"):
        Fingerprints.of([], most_bytes=HEADER_BYTES + 399)


def test_the_same_from_its_bytes(songs, known):
    again = Fingerprints.from_bytes(known.to_bytes())
    assert again.to_bytes() == known.to_bytes()
    assert (again.pieces, again.held_out) == (len(songs), {})
    asked = [songs[3], Piece(), song(np.random.default_rng(9))]
    assert again.longest_runs(asked) == known.longest_runs(asked)
    assert again.longest_runs(asked)[:2] == [
        KnownRun(
            NOTES, int(songs[3].notes["onset_steps"][0]), int(np.ptp(songs[3].notes["onset_steps"]))
        ),
        KnownRun(),
    ]


@pytest.mark.parametrize("n_notes", [24, 48, 96])
def test_planted_copies_are_told_and_hardly_longer(songs, known, n_notes):
    """Chance lengthens a run by a note or two; it never shortens or moves it."""
    rng = np.random.default_rng(n_notes)
    pieces = [with_a_copy(rng, songs[int(rng.integers(len(songs)))], n_notes) for _ in range(200)]
    runs = known.longest_runs(pieces)
    over = np.array([run.n_notes for run in runs]) - n_notes
    assert over.min() >= 0
    assert np.median(over) <= 2
    assert np.percentile(over, 95) <= 6
    for piece, run in zip(pieces, runs, strict=True):
        first, last = piece.notes["onset_steps"][[100, 100 + n_notes - 1]].tolist()
        assert run.onset_steps <= first < last <= run.onset_steps + run.length_steps


def test_new_music_is_told_a_little_too_long(songs, known):
    rng = np.random.default_rng(1)
    pieces = [song(rng, 200) for _ in range(300)]
    told = np.array([run.n_notes for run in known.longest_runs(pieces)])
    exact = np.array([run.n_notes for run in KnownMusic(songs).longest_runs(pieces)])
    assert exact.max() < 8
    assert 8 <= np.median(told) <= 16
    assert np.percentile(told, 95) <= 20
    assert (told >= np.where(exact >= 8, exact, 0)).all()


def test_what_is_usual_is_told_as_the_pieces_are(songs):
    """The held-out pieces' runs are those that the filters tell, chance included."""
    rng = np.random.default_rng(3)
    others = [canonical(song(rng, 200)) for _ in range(8)]
    training = [canonical(piece) for piece in songs[:40]]
    cache = cache_of([*training, *others], ["train"] * len(training) + ["valid", "test"] * 4)
    known = corpus_fingerprints(cache, most_bytes=28_000)
    assert known.to_bytes()[:8] == b"LMKNOWN2"
    told = sorted(run.n_notes for run in known.longest_runs(others))
    assert sorted(np.repeat([*known.held_out[""]], [*known.held_out[""].values()])) == told
    assert Fingerprints.from_bytes(known.to_bytes()).held_out == known.held_out


def test_the_same_on_every_machine(songs):
    data = Fingerprints.of(songs[:20], most_bytes=24_000).to_bytes()
    digest = "38ab36a053d693ff583f17dbbcca469dcbd324f4525128cd572a645d62200d4e"
    assert hashlib.sha256(data).hexdigest() == digest


# --- damage ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(songs):
    known = Fingerprints.of(songs[:5], most_bytes=HEADER_BYTES + 500)
    return dataclasses.replace(known, held_out={"folk": {0: 3, 9: 1}}).to_bytes()


def test_every_changed_byte_and_every_cut_is_told(data):
    assert Fingerprints.from_bytes(data).held_out == {"folk": {0: 3, 9: 1}}
    for i in range(len(data)):
        broken = bytearray(data)
        broken[i] ^= 1
        with pytest.raises(ModelFileError, match=r"^my\.known: .*corpus fingerprints"):
            Fingerprints.from_bytes(bytes(broken), "my.known")
        with pytest.raises(ModelFileError, match=r"^my\.known: "):
            Fingerprints.from_bytes(data[:i], "my.known")
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(data + b"\0" * BUCKET_BYTES)
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(data[:7] + b"1" + data[8:])


@pytest.mark.parametrize(
    "fields",
    [
        {"n_notes": 1},
        {"n_notes": 65},
        {"n_notes": 12},
        {"n_notes": True},
        {"windows": -1},
        {"windows": 1 << 40},
        {"n_bytes": 0},
        {"n_bytes": 8},
        {"n_bytes": 1 << 60},
        {"n_bytes": "16"},
    ],
)
def test_a_header_that_lies_is_told(data, fields):
    def forged(fields):
        end = 44 + int.from_bytes(data[40:44], "little")
        header = json.loads(data[44:end])
        header["sets"][0].update(fields)
        text = json.dumps(header).encode()
        body = len(text).to_bytes(4, "little") + text + data[end:]
        return data[:8] + hashlib.sha256(body).digest() + body

    Fingerprints.from_bytes(forged({}))
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(forged(fields))


def test_a_bucket_of_any_bytes_is_read():
    """No content is impossible: with any of 256 levels every question has an answer."""
    rng = np.random.default_rng(0)
    kept = WindowFilter.from_bytes(rng.bytes(256 * BUCKET_BYTES), n_notes=8, windows=9)
    assert 0 < kept.known(rng.integers(0, 1 << 40, 10_000)).mean() < 1
