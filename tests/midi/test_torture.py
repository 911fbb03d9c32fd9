"""Every odd and damaged file that public test suites have, each in a process of its own."""

import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
import torture_policy
from paths import ROOT, SHARED_DATA, needs_shared_data
from torture_files import TORTURE, write_own_files
from torture_policy import EXPECTED, Read, Refused
from torture_server import Answer

from lstm_music.midi.raw import REPAIR_SENTENCES

RIVALS = ("symusic", "mido", "music21")
MOST_SECONDS = 1
MOST_MEGABYTES = 300


class Server:
    """A running torture_server.py."""

    def __init__(self, *readers):
        command = [sys.executable, ROOT / "tests" / "torture_server.py", *readers]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()
        assert self.process.returncode == 0

    def ask(self, reader, path):
        pickle.dump((reader, str(path)), self.process.stdin)
        self.process.stdin.flush()
        return Answer(*pickle.load(self.process.stdout))


def _public_files():
    """Those of other people's test suites, where this machine has them."""
    if SHARED_DATA is None:
        return {}
    folder = SHARED_DATA / "midi_torture"
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".tsv")
    names = {path.relative_to(folder).as_posix(): path for path in sorted(files)}
    return {name: path for name, path in names.items() if not name.startswith("synthetic/")}


@pytest.fixture(scope="module")
def torture_files(tmp_path_factory):
    """Name and path of every file; our own by their bare names."""
    return write_own_files(tmp_path_factory.mktemp("torture")) | _public_files()


def _answers(reader, files):
    with Server(reader) as server:
        return {name: server.ask(reader, path) for name, path in files.items()}


@pytest.fixture(scope="module")
def ours(torture_files):
    return _answers("ours", torture_files)


@pytest.fixture(scope="module")
def answers_of(torture_files):
    """A function: the answers of a rival."""

    @cache
    def answers(rival):
        if rival == "symusic":
            pytest.importorskip("symusic", reason="needs symusic, a rival reader")
        return _answers(rival, torture_files)

    return answers


def test_no_file_crashes_or_hangs_or_takes_much(ours):
    assert len(ours) > (len(EXPECTED) - 1 if SHARED_DATA is None else 500)
    assert [name for name, answer in ours.items() if answer.signal] == []
    slowest = max(ours, key=lambda name: ours[name].seconds)
    assert ours[slowest].seconds < MOST_SECONDS, slowest
    largest = max(ours, key=lambda name: ours[name].megabytes)
    assert ours[largest].megabytes < MOST_MEGABYTES, largest


def test_every_refusal_is_one_line_of_ours(ours):
    for name, answer in ours.items():
        assert not answer.error or answer.is_midi_error, (name, answer.error)
        assert "\n" not in answer.error


def sentences(repairs):
    """Kinds of repair, from what a person is told."""
    return sorted(
        kind
        for kind, text in REPAIR_SENTENCES.items()
        if any(repair.startswith(text + " (") for repair in repairs)
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_our_own_files_meet_their_policy(name, ours):
    expected, answer = EXPECTED[name], ours[name]
    if isinstance(expected, Refused):
        place = "" if expected.offset is None else f" (byte {expected.offset})"
        assert expected.words in answer.error
        assert re.search(r" \(byte \d+\)$|$", answer.error)[0] == place
        return
    assert answer.error == ""
    pieces, repairs, _, _ = answer.result
    assert tuple(len(notes) for notes in pieces) == expected.notes
    if expected.onsets is not None:
        assert tuple(pieces[0]["onset_steps"].tolist()) == expected.onsets
    assert tuple(sentences(repairs)) == expected.repairs


def policies():
    rows = (TORTURE / "EXPECTED.tsv").read_text().splitlines()[1:]
    return {name: policy for name, _, policy in (row.split("\t") for row in rows)}


def test_every_row_of_the_policy_is_met():
    assert policies().keys() == EXPECTED.keys()
    wrong = [
        (name, policy)
        for name, policy in policies().items()
        if not torture_policy.allows(policy, EXPECTED[name])
    ]
    assert wrong == []


def test_the_policy_can_fail():
    assert not torture_policy.allows("REJECT", Read())
    assert not torture_policy.allows("ACCEPT", Refused("x", 0))
    assert not torture_policy.allows("REPAIR ignore", Read())
    assert not torture_policy.allows("ACCEPT (warn)", Read())


def accepted(answer):
    return not answer.error or answer.error.endswith("no notes in it")


def has_notes(answer):
    return not answer.error and bool(
        answer.result[0] if isinstance(answer.result, tuple) else answer.result
    )


# How many of the 559 files we can read, and how many of those hold notes.
WE_READ = {"accepted": 459, "has_notes": 430}


@needs_shared_data
@pytest.mark.parametrize("counts", [accepted, has_notes], ids=list(WE_READ))
def test_more_files_are_read_than_by_any_other(counts, ours, answers_of):
    """A file without notes is understood; that it holds no music is no fault of the reader."""
    assert sum(map(counts, ours.values())) == WE_READ[counts.__name__]
    for reader in RIVALS:
        assert sum(map(counts, answers_of(reader).values())) < WE_READ[counts.__name__], reader


# Why notes may differ from what another reader found, and how to know: each rule is given the
# notes that only we have and that only they have, the kinds of repair, and what else they found.
def _unclosed(extra, missing, kinds, _):
    """They drop notes that never end; we end them with their track, and say so."""
    return not missing and sum(extra.values()) <= kinds.get("unclosed_note", 0)


def _all_notes_off(extra, missing, _, theirs):
    """They let notes sound on after "all sound off" and "all notes off".

    The note-off that then ends nothing in our reading ends the next note of its pitch in theirs.
    """
    begun, begun_there = (
        Counter((on, *rest) for on, _, *rest in c.elements()) for c in (extra, missing)
    )
    return not begun_there - begun and any(note[0] + note[1] in theirs.silences for note in extra)


def _unannounced(_, missing, kinds, __):
    """They stop at the number of tracks announced, counting chunks that are none."""
    return not missing and ("track_count" in kinds or "lost_chunk" in kinds)


def _running_status(_, missing, __, theirs):
    """They drop or misread events in running status after a system exclusive message."""
    return (
        not missing
        and re.search(rb"\xf0[^\xf7]*\xf7[\x80-\xff]{,3}[\x00-\x7f]{2}", theirs.data) is not None
    )


def _lost_time(extra, missing, _, theirs):
    """mido drops the time before a meta event that it does not know; all else is the same."""
    later = Counter(note[1:] for note in extra.elements())
    return theirs.reader == "mido" and later == Counter(note[1:] for note in missing.elements())


def _after_the_end(extra, _, kinds, theirs):
    """mido reads on after a track's end mark."""
    most = kinds.get("unclosed_note", 0)
    reads_on = theirs.reader == "mido" and "after_end_of_track" in kinds
    return reads_on and sum(extra.values()) <= most


CLASSES = (_unclosed, _all_notes_off, _unannounced, _running_status, _lost_time, _after_the_end)

# How many of the files differ in each way. What is not listed is the same to the note.
DIFFERENT = {
    "symusic": {"_unclosed": 15, "_all_notes_off": 4, "_unannounced": 10, "_running_status": 1},
    "mido": {
        "_unclosed": 8,
        "_all_notes_off": 2,
        "_unannounced": 11,
        "_running_status": 1,
        "_lost_time": 1,
        "_after_the_end": 1,
    },
}


class Theirs:
    """What another reader found in a file."""

    def __init__(self, reader, answer, path):
        self.reader = reader
        notes, self.silences = answer.result
        self.notes = Counter(map(tuple, notes))
        self.data = path.read_bytes()


@needs_shared_data
@pytest.mark.parametrize("reader", ["symusic", "mido"])
def test_notes_are_those_of_other_readers_or_differ_for_a_reason(
    reader, ours, answers_of, torture_files
):
    counts, compared, unexplained = Counter(), 0, []
    for name, path in torture_files.items():
        answer = answers_of(reader)[name]
        if ours[name].error or answer.error:
            continue
        compared += 1
        _, _, notes, kinds = ours[name].result
        theirs = Theirs(reader, answer, path)
        if reader == "symusic":  # it tells drums, and not the channel
            notes = [(on, length, 9 if ch == 9 else 0, *note) for on, length, ch, *note in notes]
        extra, missing = Counter(notes) - theirs.notes, theirs.notes - Counter(notes)
        if extra or missing:
            why = [rule for rule in CLASSES if rule(extra, missing, kinds, theirs)]
            counts[why[0].__name__ if why else "unexplained"] += 1
            if not why:
                unexplained.append((name, len(extra), len(missing), kinds))
    assert unexplained == []
    assert dict(counts) == DIFFERENT[reader]
    assert compared > sum(counts.values())
