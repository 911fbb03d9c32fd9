"""A continued file in real programs: the seed's part is heard and read as before."""

import io
import warnings

import mido
import numpy as np
import pytest
from music_programs import needs, needs_soundfont, rendered, score_of
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.midi.write import to_midi_bytes

pytestmark = pytest.mark.clients

QUARTER = 480
BARS = 4


def seed_bytes():
    """Four bars on two channels with banks, volumes, pans, a bend range, bends and a pedal."""
    file = mido.MidiFile(type=1, ticks_per_beat=QUARTER)
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000)])
    head.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    file.tracks.append(head)
    settings = ((2, 40, 8, 50, 10, 60), (5, 32, 0, 120, 110, 36))
    for channel, program, bank, volume, pan, pitch in settings:
        track = mido.MidiTrack()
        first = [(0, bank), (7, volume), (10, pan), (101, 0), (100, 0), (6, 12), (91, 0)]
        track += [
            mido.Message("control_change", channel=channel, control=number, value=value)
            for number, value in first
        ]
        track.append(mido.Message("program_change", channel=channel, program=program))
        for i in range(4 * BARS):
            key = {"channel": channel, "note": pitch + (0, 4, 2, 7)[i % 4]}
            track.append(mido.Message("note_on", **key, velocity=70 + i % 3 * 20))
            track.append(mido.Message("pitchwheel", channel=channel, pitch=300 * (i % 4), time=120))
            track.append(mido.Message("note_off", **key, time=360))
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def model():
    return lm.load()


@needs("fluidsynth")
@needs_soundfont
def test_the_seed_sounds_the_same_sample_by_sample(model, tmp_path):
    data = seed_bytes()
    (tmp_path / "seed.mid").write_bytes(data)
    longer = model.generate(lm.read(data), bars=2, rng_seed=1)
    (tmp_path / "longer.mid").write_bytes(to_midi_bytes(longer))
    before, rate = rendered(tmp_path / "seed.mid", tmp_path / "seed.wav")
    after, _ = rendered(tmp_path / "longer.mid", tmp_path / "longer.wav")
    n = int(4 * BARS * 0.4 * rate)
    assert np.array_equal(before[:n], after[:n])
    assert np.abs(after[n : n + rate]).max() > 0.005
    # The new notes come from the same sides as the old ones: neither channel is in the middle.
    old, new = (np.sqrt(np.mean(part**2, axis=0)) for part in (after[:n], after[n : n + rate]))
    assert (new > 0).all()
    assert 0.3 < (new[1] / new[0]) / (old[1] / old[0]) < 3


@needs("fluidsynth")
@needs_soundfont
def test_new_bars_alone_sound_like_the_seed_went_on(model, tmp_path):
    piece = lm.read(seed_bytes())
    renderings = []
    for include in (True, False):
        made = model.generate(piece, bars=2, rng_seed=1, include_seed=include)
        (tmp_path / "made.mid").write_bytes(to_midi_bytes(made))
        samples, rate = rendered(tmp_path / "made.mid", tmp_path / "made.wav")
        renderings.append(samples)
    whole, alone = renderings
    start, n = int(4 * BARS * 0.4 * rate), int(2 * 4 * 0.4 * rate)
    loudness = [np.sqrt(np.mean(part**2, axis=0)) for part in (whole[start : start + n], alone[:n])]
    assert np.allclose(loudness[0], loudness[1], rtol=0.1)


def test_symusic_and_pretty_midi_read_the_seed_and_the_new_notes(model, tmp_path):
    symusic = pytest.importorskip("symusic", reason="needs symusic")
    pretty_midi = pytest.importorskip("pretty_midi", reason="needs pretty_midi")
    path = tmp_path / "longer.mid"
    for name in ("band", "nocturne", "drums", "chorale_pickup", "lead_sheet_waltz"):
        piece = lm.read(MIDI_DATA / f"{name}.mid")
        longer = model.generate(piece, bars=2, rng_seed=1)
        path.write_bytes(to_midi_bytes(longer))
        theirs = symusic.Score(path)
        assert sum(len(track.notes) for track in theirs.tracks) == len(longer.notes)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # it warns of the keys that our seeds have in each track
            read = pretty_midi.PrettyMIDI(str(path))
        assert sum(len(one.notes) for one in read.instruments) == len(longer.notes)


@needs("mscore3")
@pytest.mark.parametrize("name", ["chorale", "band", "jig"])
def test_muse_score_reads_the_seed_and_the_new_bars(name, model, tmp_path):
    piece = lm.read(MIDI_DATA / f"{name}.mid")
    longer = model.generate(piece, bars=4, rng_seed=1)
    path = tmp_path / f"{name}.mid"
    path.write_bytes(to_midi_bytes(longer))
    parts = score_of(path, tmp_path).findall("part")
    assert len(parts) == len(piece.tracks)
    bars = longer.bar_lines.bar_at(longer.length_steps - 1) + 1
    assert {len(part.findall("measure")) for part in parts} <= {bars, bars - 1}
