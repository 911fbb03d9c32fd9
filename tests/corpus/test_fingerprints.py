"""Fingerprints of known music: never shorter than the exact search, small, and damage is told."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest
from corpus_data import cache_of, random_piece
from paths import MIDI_DATA

from lstm_music.corpus.batching.augment import transpose
from lstm_music.corpus.copies.fingerprints import (
    SETS,
    Fingerprints,
    KnownRun,
    copied_notes,
    corpus_fingerprints,
)
from lstm_music.corpus.copies.windows import WindowSet, window_hashes
from lstm_music.errors import ConfigError, ModelFileError
from lstm_music.evaluate.novelty import KnownMusic
from lstm_music.midi.files import read
from lstm_music.music.lines import LINE_END, lines_of
from lstm_music.music.piece import Piece, Tempo, Track, make_notes

LEAST, NEXT = (n_notes for n_notes, _ in SETS)
TUNE = [60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 61, 66, 70, 63]


def melody(pitches, is_drum=False, **fields):
    rows = [(12 * i, 6, pitch, 80, 0) for i, pitch in enumerate(pitches)]
    return Piece(notes=make_notes(rows), tracks=(Track(0, is_drum),), **fields)


@pytest.fixture(scope="module")
def files():
    return {path.name: read(path) for path in sorted(MIDI_DATA.glob("*.mid"))}


# --- beside the exact search -------------------------------------------------------------------


def by_hand(piece, known, sizes):
    """The longest stretch that the module's docstring asks for, with windows instead of hashes."""
    sets = {n: {tuple(w) for w in windows_of(known, n)} for n in sizes}
    _, steps, _ = lines_of([piece])
    best = 0
    for i in range(len(steps)):
        for n in range(sizes[0], len(steps) - i + 2):
            stretch = steps[i : i + n - 1].tolist()
            if LINE_END in stretch or not all(
                tuple(stretch[j : j + size - 1]) in sets[size]
                for size in sizes
                for j in range(n - size + 1)
            ):
                break
            best = max(best, n)
    return best


def windows_of(pieces, n_notes):
    _, steps, _ = lines_of(pieces)
    for i in range(len(steps) - n_notes + 2):
        window = steps[i : i + n_notes - 1].tolist()
        if LINE_END not in window:
            yield window


def test_real_files_each_beside_all_others(files):
    """With hashes of 16 bits none of these agrees by chance, so all is as the windows say."""
    for name, piece in files.items():
        others = [other for n, other in files.items() if n != name]
        known = Fingerprints.of(others, [(n_notes, 16) for n_notes, _ in SETS])
        run, exact = known.longest_run(piece), KnownMusic(others).longest_run(piece)
        assert run.n_notes == by_hand(piece, others, (LEAST, NEXT))
        assert run.n_notes >= (exact.n_notes if exact.n_notes >= LEAST else 0)
        if run.n_notes == exact.n_notes:
            assert (run.onset_steps, run.length_steps) == (exact.onset_steps, exact.length_steps)


def test_short_windows_of_random_melodies():
    """Small alphabets, where windows chain up all the time."""
    rng = np.random.default_rng(5)
    chained = 0
    for _ in range(60):
        known = [melody(rng.integers(60, 63, 12)) for _ in range(6)]
        piece = melody(rng.integers(60, 63, 30))
        run = Fingerprints.of(known, [(3, 16), (5, 16)]).longest_run(piece).n_notes
        exact = KnownMusic(known).longest_run(piece).n_notes
        assert run == by_hand(piece, known, (3, 5)) >= exact
        chained += run > exact
    assert 10 < chained < 60


def test_a_file_is_known_whole_in_any_key_and_at_any_tempo(files):
    known = Fingerprints.of(files.values())
    for name in ("reel.mid", "nocturne.mid", "chorale.mid", "drums.mid"):
        piece = files[name].replace(tempos=(Tempo.from_bpm(70),))
        if name != "drums.mid":
            piece = transpose(piece, 4)
        run = known.longest_run(piece)
        places = {(int(n["onset_steps"]), int(n["pitch_midi"])) for n in piece.notes}
        assert run.n_notes == len(places)
        onsets = piece.notes["onset_steps"]
        assert (run.onset_steps, run.length_steps) == (onsets.min(), np.ptp(onsets))
    higher = files["drums.mid"].notes.copy()
    higher["pitch_midi"] += 1
    assert known.longest_run(files["drums.mid"].replace(notes=higher)).n_notes < NEXT


def test_together_or_alone(files):
    known = Fingerprints.of(list(files.values())[::2])
    pieces = [Piece(), *files.values(), Piece(), melody([60])]
    runs = known.longest_runs(pieces)
    assert runs == [known.longest_run(piece) for piece in pieces]
    assert runs[0] == runs[-1] == runs[-2] == KnownRun()
    assert known.longest_runs([]) == []


# --- by hand -----------------------------------------------------------------------------------


def test_a_changed_note_leaves_the_longer_part():
    other = [*TUNE[:3], 40, *TUNE[4:]]
    assert Fingerprints.of([melody(TUNE)]).longest_run(melody(other)) == KnownRun(10, 48, 108)
    other = [*TUNE[:9], 40, *TUNE[10:]]
    assert Fingerprints.of([melody(TUNE)]).longest_run(melody(other)) == KnownRun(9, 0, 96)


def test_runs_shorter_than_a_window_are_not_told():
    known = Fingerprints.of([melody(TUNE)])
    assert known.least_notes == LEAST == 8
    for n in range(8):  # once a few notes alone ended in a traceback
        assert known.longest_run(melody(TUNE[:n])) == KnownRun()
    assert known.longest_run(melody(TUNE[:8])) == KnownRun(8, 0, 84)


def test_long_windows_see_through_a_chain_of_short_ones():
    """Nothing has more than 8 notes of it, but all its windows of 8 are known."""
    pieces = [melody(TUNE[i : i + 8]) for i in range(7)]
    assert KnownMusic(pieces).longest_run(melody(TUNE)).n_notes == 8
    assert Fingerprints.of(pieces, [(8, 16)]).longest_run(melody(TUNE)).n_notes == 14
    assert Fingerprints.of(pieces).longest_run(melody(TUNE)) == KnownRun(11, 0, 120)


def test_a_run_is_known_by_all_of_its_windows():
    """A long window that passes by chance is nothing where a short one in it is not known."""
    whole, half = Fingerprints.of([melody(TUNE)]), Fingerprints.of([melody(TUNE[:10])])
    mixed = Fingerprints((half.sets[0], whole.sets[1]), 1)
    assert mixed.longest_run(melody(TUNE)) == KnownRun(10, 0, 108)


def test_what_is_not_ours_is_no_copy_of_ours():
    known = Fingerprints.of([melody(TUNE)])
    assert copied_notes(melody(TUNE), known) == 14
    assert copied_notes(melody(TUNE).replace(added_places=((0, 4 * 12, 1 << 20),)), known) == 10
    assert copied_notes(melody(TUNE).replace(added_places=((0, 8 * 12, 1 << 20),)), known) == 0


def test_nothing_known_and_nothing_asked():
    for pieces in ([], [Piece()], [melody([60])], [Piece(), melody(TUNE[:4])]):
        known = Fingerprints.of(pieces)
        again = Fingerprints.from_bytes(known.to_bytes())
        for one in (known, again):
            assert one.longest_runs([melody(TUNE), Piece()]) == [KnownRun()] * 2
            assert one.pieces == len(pieces)


# --- of a corpus -------------------------------------------------------------------------------


def test_the_training_side_is_known_and_the_others_say_what_is_usual():
    rng = np.random.default_rng(0)
    pieces = [random_piece(rng, 20, style) for style in ("folk", "folk", "drums", "folk")]
    pieces += [pieces[0].replace(notes=pieces[0].notes[3:13]), pieces[2]]
    cache = cache_of(pieces, ["train", "train", "train", "valid", "test", "test"])
    known = corpus_fingerprints(cache)
    assert known.pieces == 3
    assert known.held_out == {"folk": {0: 1, 10: 1}, "drums": {20: 1}}
    again = Fingerprints.from_bytes(known.to_bytes())
    assert (again.pieces, again.held_out) == (known.pieces, known.held_out)
    assert [run.n_notes for run in again.longest_runs(pieces)] == [20, 20, 20, 0, 10, 20]
    with pytest.raises(ConfigError, match="0 training pieces, 6 held out"):
        corpus_fingerprints(dataclasses.replace(cache, sides=np.ones_like(cache.sides)))


# --- sets and their bytes ----------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 3, 4, 8, 13, 16])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 5000])
def test_a_set_comes_back_from_its_bytes(bits, count):
    hashes = np.random.default_rng(count).integers(0, 1 << 64, count, np.uint64)
    kept = WindowSet.of([hashes, hashes[: count // 2]], 8, bits)
    assert kept.windows == count
    data = kept.to_bytes()
    again = WindowSet.from_bytes(data, n_notes=8, bits=bits, windows=count, n_codes=len(kept.codes))
    assert again.codes.tolist() == kept.codes.tolist()
    assert again.to_bytes() == data
    if count == 5000:
        assert len(data) * 8 / count < bits + 1.6


@pytest.mark.parametrize("bits", [4, 8])
def test_no_window_is_forgotten_and_few_others_pass(bits):
    rng = np.random.default_rng(7)
    steps = rng.integers(0, 1 << 40, 40_000)
    kept = WindowSet.of([window_hashes(steps, 8)[1]], 8, bits)
    within = kept.known(steps)
    assert within[:-6].all()
    assert not within[-6:].any()
    passed = kept.known(rng.integers(0, 1 << 40, 400_000)).mean()
    assert passed == pytest.approx(2.0**-bits, rel=0.1)


def test_the_same_on_every_machine():
    data = Fingerprints.of([melody(TUNE), melody(TUNE[::-1], is_drum=True)]).to_bytes()
    digest = "4f24c6fbf88d4036c7f8534c983c24b766ffa330f374f862631ba65199290930"
    assert hashlib.sha256(data).hexdigest() == digest


# --- damage ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data():
    known = Fingerprints.of([melody(TUNE)])
    return dataclasses.replace(known, held_out={"folk": {0: 3, 9: 1}}).to_bytes()


def test_every_changed_byte_and_every_cut_is_told(data):
    Fingerprints.from_bytes(data)
    for i in range(len(data)):
        broken = bytearray(data)
        broken[i] ^= 1
        with pytest.raises(ModelFileError, match=r"^my\.known: .*corpus fingerprints"):
            Fingerprints.from_bytes(bytes(broken), "my.known")
        with pytest.raises(ModelFileError, match=r"^my\.known: "):
            Fingerprints.from_bytes(data[:i], "my.known")
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(data + b"\0")


def test_another_version_is_told(data):
    with pytest.raises(ModelFileError, match="expected fingerprints of version 1 or 2, got b'3'"):
        Fingerprints.from_bytes(data[:7] + b"3" + data[8:])
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(data[:7] + b"2" + data[8:])


def forged(data, change):
    """The file with another header and a fitting digest."""
    end = 44 + int.from_bytes(data[40:44], "little")
    header = json.loads(data[44:end])
    change(header)
    text = json.dumps(header).encode()
    body = len(text).to_bytes(4, "little") + text + data[end:]
    return data[:8] + hashlib.sha256(body).digest() + body


def first_set(**fields):
    return lambda header: header["sets"][0].update(fields)


@pytest.mark.parametrize(
    "change",
    [
        first_set(n_notes=1),
        first_set(n_notes=65),
        first_set(n_notes=12),
        first_set(n_notes="8"),
        first_set(n_notes=True),
        first_set(bits=0),
        first_set(bits=17),
        first_set(bits=4),
        first_set(windows=3),
        first_set(windows=1 << 40),
        first_set(n_codes=6),
        first_set(n_codes=8, windows=8),
        first_set(n_codes=1 << 31, windows=1 << 31),
        first_set(n_bytes=-1),
        first_set(n_bytes=0),
        first_set(n_bytes=1 << 60),
        lambda header: header.update(sets=[]),
        lambda header: header["sets"].pop(),
        lambda header: header["sets"][0].pop("bits"),
        lambda header: header.pop("pieces"),
        lambda header: header.update(pieces=1.5),
        lambda header: header.update(held_out=[]),
        lambda header: header["held_out"].update(folk=[[1, -1]]),
        lambda header: header["held_out"].update(folk=[[1]]),
    ],
)
def test_a_header_that_lies_is_told(data, change):
    Fingerprints.from_bytes(forged(data, lambda _: None))
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(forged(data, change))


@pytest.mark.parametrize("codes", [[5, 5], [5, 2 * 256], [1 << 20, 1 << 21]])
def test_codes_that_cannot_be_are_told(codes):
    """What a set of two windows at 8 bits never has: the same place twice, one beyond the last."""
    told = {"n_notes": 8, "bits": 8, "windows": 2, "n_codes": 2}
    fine = WindowSet(8, 8, 2, np.array([5, 2 * 256 - 1], np.uint64)).to_bytes()
    assert WindowSet.from_bytes(fine, **told).codes.tolist() == [5, 511]
    forged_set = WindowSet(8, 8, 2, np.array(codes, np.uint64)).to_bytes()
    with pytest.raises(ModelFileError, match="stands twice, or beyond"):
        WindowSet.from_bytes(forged_set, **told)


def test_a_header_beyond_the_file_is_told(data):
    body = (1 << 31).to_bytes(4, "little") + data[44:]
    with pytest.raises(ModelFileError, match="damaged"):
        Fingerprints.from_bytes(data[:8] + hashlib.sha256(body).digest() + body)
