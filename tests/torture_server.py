"""A process that forks a child for each file to read, so that nothing a file does can spread.

Started as ``python torture_server.py READER...`` by test_torture.py. Requests and answers are
pickled (name of the reader, path) and ``Answer`` on standard input and output. The process loads
what the readers need once; a child takes a few milliseconds.
"""

import importlib
import io
import os
import pickle
import resource
import signal
import sys
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

MOST_SECONDS = 30
MOST_BYTES = 6 << 30


class Answer(NamedTuple):
    """What became of a file.

    ``signal`` that ended the child, or 0; processor ``seconds`` and most memory (``megabytes``,
    with all that Python holds before it reads) of the reading; ``result`` of the reader, or the
    ``error`` as text and whether it is a MidiError of ours.
    """

    signal: int
    seconds: float
    megabytes: float
    result: object
    error: str
    is_midi_error: bool


def read_ours(path):
    from lstm_music.midi.read import read_midi_pieces

    return read_midi_pieces(path)


def tell_ours(pieces, path):
    """(notes of each piece, repairs, scanned notes, kinds of repair)."""
    from lstm_music.midi.limits import Limits
    from lstm_music.midi.scan import scan

    raw = scan(Path(path).read_bytes(), Limits())
    notes = [
        (on, end - on, channel, pitch, velocity)
        for on, end, _, channel, _, pitch, velocity, *_ in raw.notes.tolist()
    ]
    kinds = {repair.kind: repair.times for repair in raw.repairs}
    return [piece.notes for piece in pieces], pieces[0].repairs, sorted(notes), kinds


def read_symusic(path):
    return importlib.import_module("symusic").Score.from_file(path)


SILENCES = {120, 123}


def tell_symusic(score, _):
    """(notes, times of all sound or notes off)."""
    notes = sorted(
        (note.time, note.duration, 9 if track.is_drum else 0, note.pitch, note.velocity)
        for track in score.tracks
        for note in track.notes
    )
    controls = (control for track in score.tracks for control in track.controls)
    return notes, {control.time for control in controls if control.number in SILENCES}


def read_mido(path):
    return importlib.import_module("mido").MidiFile(path)


def tell_mido(file, _):
    """(Notes paired here, first in first out; times of all sound or notes off)."""
    notes, silences = [], set()
    for track in file.tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                key = message.channel, message.note
                sounding.setdefault(key, deque()).append((now, message.velocity))
            elif message.type in {"note_on", "note_off"}:
                channel, pitch = message.channel, message.note
                if waiting := sounding.get((channel, pitch)):
                    on, velocity = waiting.popleft()
                    notes.append((on, now - on, channel, pitch, velocity))
            elif message.type == "control_change" and message.control in SILENCES:
                silences.add(now)
    return sorted(notes), silences


def read_music21(path):
    midi = importlib.import_module("music21.midi")
    file = midi.MidiFile()
    file.readstr(Path(path).read_bytes())
    return file


def tell_music21(file, _):
    on = importlib.import_module("music21.midi").ChannelVoiceMessages.NOTE_ON
    return sum(e.type == on and bool(e.velocity) for t in file.tracks for e in t.events)


READERS = {
    "ours": (read_ours, tell_ours, "lstm_music.midi.read"),
    "symusic": (read_symusic, tell_symusic, "symusic"),
    "mido": (read_mido, tell_mido, "mido"),
    "music21": (read_music21, tell_music21, "music21.midi"),
}


def child(reader, path, pipe):
    signal.alarm(MOST_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    sys.stdout = sys.stderr = io.StringIO()
    read, tell, _ = READERS[reader]
    result, text, is_midi_error = None, "", False
    start = time.process_time()
    try:
        result = read(path)
    except BaseException as error:
        text, is_midi_error = (
            f"{type(error).__name__}: {error}",
            type(error).__name__ == "MidiError",
        )
    seconds = time.process_time() - start
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not text:
        result = tell(result, path)
    with os.fdopen(pipe, "wb") as out:
        pickle.dump((seconds, megabytes, result, text, is_midi_error), out)
    os._exit(0)


def serve(reader, path):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        child(reader, path, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        told = source.read()
    _, status = os.waitpid(pid, 0)
    if status:
        return Answer(os.WTERMSIG(status) or -1, 0, 0, None, "died", False)
    return Answer(0, *pickle.loads(told))


def main():
    for name in sys.argv[1:]:
        importlib.import_module(READERS[name][2])
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        pickle.dump(tuple(serve(*request)), answers)
        answers.flush()


if __name__ == "__main__":
    main()
