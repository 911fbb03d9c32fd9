"""Files of our writer in real programs: MuseScore reads a score, FluidSynth makes sound."""

import numpy as np
import pytest
from music_programs import (
    muse_score,
    needs,
    needs_soundfont,
    rendered,
    score_of,
    seconds,
    texts,
)
from paths import MIDI_DATA

from lstm_music.midi.read import read_midi
from lstm_music.midi.write import write_midi

pytestmark = pytest.mark.clients


@pytest.fixture
def rewritten(tmp_path):
    """Reads a file of midi_data and writes it with our writer; gives piece and path."""

    def rewrite(name):
        piece = read_midi(MIDI_DATA / f"{name}.mid")
        path = tmp_path / f"{name}.mid"
        write_midi(piece, path, text="written by a test")
        return piece, path

    return rewrite


@needs("mscore3")
@pytest.mark.parametrize("name", ["chorale_pickup", "jig", "band", "meter_change", "five_four"])
def test_muse_score_reads_a_score(name, rewritten, tmp_path):
    piece, path = rewritten(name)
    score = score_of(path, tmp_path)
    part_names = texts(score, "part-name")
    assert len(part_names) == len(piece.tracks)
    for track, part_name in zip(piece.tracks, part_names, strict=True):
        assert part_name.endswith(track.name)
    first_part = score.find("part")
    meters = list(zip(texts(first_part, "beats"), texts(first_part, "beat-type"), strict=True))
    assert [tuple(map(int, m)) for m in meters] == [
        (m.numerator, m.denominator) for m in piece.meters
    ]
    assert int(texts(first_part, "fifths")[0]) == piece.key.sharps
    n_bars = piece.bar_lines.bar_at(piece.end_steps - 1) + 1
    assert len(first_part.findall("measure")) == n_bars
    starts = [n for n in score.iter("note") if n.find("rest") is None and not is_tied_over(n)]
    assert len(starts) == len(piece.notes)


def is_tied_over(note):
    return any(tie.get("type") == "stop" for tie in note.findall("tie"))


@needs("mscore3")
def test_muse_score_sees_the_pickup_as_one(rewritten, tmp_path):
    _, path = rewritten("pickup")
    first = score_of(path, tmp_path).find("part").find("measure")
    assert first.get("implicit") == "yes"
    assert (texts(first, "beats"), texts(first, "beat-type")) == (["4"], ["4"])


@needs("mscore3")
def test_muse_score_hears_the_drums_as_drums(rewritten, tmp_path):
    _, path = rewritten("band")
    last_part = score_of(path, tmp_path).findall("part")[-1]
    assert texts(last_part, "sign")[0] == "percussion"


@needs("mscore3")
@pytest.mark.parametrize("suffix", [".pdf", ".png"])
def test_muse_score_engraves_a_page(suffix, rewritten, tmp_path):
    _, path = rewritten("waltz")
    muse_score(path, tmp_path / f"page{suffix}")
    (page,) = tmp_path.glob(f"page*{suffix}")
    assert page.stat().st_size > 10_000


@needs("fluidsynth")
@needs_soundfont
@pytest.mark.parametrize("name", ["single_note", "waltz", "drums", "tempo_change"])
def test_fluidsynth_makes_sound_for_as_long_as_the_piece(name, rewritten, tmp_path):
    piece, path = rewritten(name)
    samples, rate = rendered(path, tmp_path / "out.wav")
    loudness = np.sqrt(np.mean(samples**2))
    assert loudness > 0.001
    assert np.abs(samples).max() < 1
    assert samples.shape[0] / rate >= seconds(piece)
    # Sound from the first onset on, and none before it.
    first = int(seconds(piece, piece.notes["onset_steps"].min()) * rate)
    assert np.abs(samples[first : first + rate // 4]).max() > 0.005


@needs("fluidsynth")
@needs_soundfont
def test_fluidsynth_plays_the_pitch(rewritten, tmp_path):
    """The strongest partial of the rendered note lies on a harmonic of C4, 261.6 Hz."""
    _, path = rewritten("single_note")
    samples, rate = rendered(path, tmp_path / "out.wav")
    spectrum = np.abs(np.fft.rfft(samples[: rate // 2].mean(axis=1) * np.hanning(rate // 2)))
    peak_hz = spectrum.argmax() * rate / (rate // 2)
    harmonic = peak_hz / 261.63
    assert round(harmonic) >= 1
    assert abs(harmonic - round(harmonic)) < 0.02
