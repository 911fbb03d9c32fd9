"""Our reading beside that of symusic and of mido, on real files."""

import importlib

import mido
import pytest
from paths import MIDI_DATA, SHARED_DATA

from lstm_music.midi.limits import Limits
from lstm_music.midi.scan import scan

FILES = sorted(MIDI_DATA.glob("*.mid"))
if SHARED_DATA is not None:
    FILES += sorted((SHARED_DATA / "pop909").rglob("*.mid"))[:10]
    FILES += sorted((SHARED_DATA / "groove").rglob("*.mid"))[::40]

each_file = pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])


def our_notes(path):
    """(onset, end, channel is drums, program, pitch, velocity) in ticks."""
    raw = scan(path.read_bytes(), Limits())
    return sorted(
        (on, end, channel == 9, program, pitch, velocity)
        for on, end, _, channel, program, pitch, velocity, *_ in raw.notes.tolist()
    )


@each_file
def test_notes_as_symusic_reads_them(path):
    try:
        symusic = importlib.import_module("symusic")
    except ImportError:
        pytest.skip("needs symusic, a rival reader")
    score = symusic.Score.from_file(path)
    theirs = sorted(
        (n.time, n.time + n.duration, track.is_drum, track.program, n.pitch, n.velocity)
        for track in score.tracks
        for n in track.notes
    )
    assert our_notes(path) == theirs


def mido_notes(path):
    """Notes paired here, first in first out, from the messages that mido reads."""
    notes = []
    for track in mido.MidiFile(path).tracks:
        now, sounding, programs = 0, {}, {}
        for message in track:
            now += message.time
            if message.is_meta or message.type == "sysex":
                continue
            if message.type == "program_change":
                programs[message.channel] = message.program
            elif message.type == "note_on" and message.velocity:
                begun = (now, programs.get(message.channel, 0), message.velocity)
                sounding.setdefault((message.channel, message.note), []).append(begun)
            elif message.type in {"note_on", "note_off"}:
                waiting = sounding.get((message.channel, message.note))
                if waiting:
                    on, program, velocity = waiting.pop(0)
                    is_drum = message.channel == 9
                    notes.append((on, now, is_drum, program, message.note, velocity))
    return sorted(notes)


@each_file
def test_notes_as_mido_reads_them(path):
    assert our_notes(path) == mido_notes(path)


@each_file
def test_tempos_and_meters_as_mido_reads_them(path):
    from lstm_music.midi.read import read_midi

    piece = read_midi(path)
    file = mido.MidiFile(path)
    per_step = file.ticks_per_beat / 24
    tempos, meters, now = {0: 500_000}, {0: (4, 4)}, 0
    for message in mido.merge_tracks(file.tracks):
        now += message.time
        step = int(now / per_step + 0.5)
        if message.type == "set_tempo":
            tempos[step] = message.tempo
        elif message.type == "time_signature":
            meters[step] = (message.numerator, message.denominator)
    assert {t.onset_steps: t.usec_per_quarter for t in piece.tempos} == tempos
    ours = {m.onset_steps: (m.numerator, m.denominator) for m in piece.meters}
    if piece.pickup_steps and piece.pickup_steps in meters:  # we have taken the short bar away
        ours = {piece.pickup_steps: ours[0]} | ours | {0: meters[0]}
    assert ours == meters
