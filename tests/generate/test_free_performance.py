"""A seed that was played freely: its file knows no beats, the new music keeps the player's."""

import io

import mido
import numpy as np
import pytest
from paths import MIDI_DATA
from smf_events import seed_stands

import lstm_music as lm
from lstm_music.midi.write import to_midi_bytes

BPM = 88
TICKS_A_SECOND = 960  # 480 a quarter note at 120, which is what the file says by default


def performance():
    """A chorale at a wandering 88 beats a minute, with 8 ms of jitter."""
    score = lm.read(MIDI_DATA / "chorale.mid")
    rng = np.random.default_rng(1)
    beats = np.arange(200)
    period = 60 / BPM * (1 + 0.06 * np.sin(beats / 7))
    seconds = np.concatenate([[0], np.cumsum(period)])
    events = []
    for note in score.notes:
        times = [note["onset_steps"], note["onset_steps"] + note["duration_steps"]]
        start, end = np.interp(np.array(times) / 24, np.arange(len(seconds)), seconds) + 0.5
        start += rng.normal(0, 0.008)
        pitch = int(note["pitch_midi"])
        events.append((round(start * TICKS_A_SECOND), "note_on", pitch))
        events.append((round(max(end - 0.05, start + 0.05) * TICKS_A_SECOND), "note_off", pitch))
    file, track, now = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack(), 0
    for tick, kind, pitch in sorted(events):
        track.append(mido.Message(kind, note=pitch, velocity=80, time=tick - now))
        now = tick
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def made():
    data = performance()
    piece, model = lm.read(data), lm.load()
    options = {"bars": 4, "rng_seed": 1}
    return (
        data,
        piece,
        model.generate(piece, **options),
        model.generate(piece, include_seed=False, **options),
    )


def onsets(data):
    """Seconds of the onsets, by a reader that knows nothing of beats found."""
    now, found = 0.0, []
    for message in mido.MidiFile(file=io.BytesIO(data)):
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append(now)
    return np.unique(found)


def test_the_seed_stands_and_the_new_notes_keep_its_beat(made):
    data, piece, whole, _ = made
    assert "not played to the beats of the file" in piece.repairs[0]
    output = to_midi_bytes(whole)
    assert seed_stands(data, output) == []
    last = piece.tempos[-1].usec_per_quarter / 1e6
    new = onsets(output)[len(onsets(data)) :]
    steps = np.diff(np.unique(whole.notes["onset_steps"]))[-len(new) + 1 :] / 24
    assert np.allclose(np.diff(new), steps * last, atol=0.003)
    seam = piece.bar_lines.bar_start(whole.length_steps - 1) - 3 * piece.meters[0].bar_steps
    assert new[0] - onsets(data)[-1] < (seam - piece.notes["onset_steps"].max() + 24) / 24 * last


def test_new_bars_alone_are_on_the_beats_of_their_file(made):
    _, piece, whole, alone = made
    again = lm.read(to_midi_bytes(alone))
    assert np.array_equal(again.notes["onset_steps"], alone.notes["onset_steps"])
    assert [tempo.usec_per_quarter for tempo in again.tempos] == [piece.tempos[-1].usec_per_quarter]
    assert np.allclose(
        np.diff(onsets(to_midi_bytes(alone))),
        np.diff(onsets(to_midi_bytes(whole))[-len(onsets(to_midi_bytes(alone))) :]),
        atol=0.003,
    )
