"""What composing promises: exact bars, kept meters and programs, one seed one result."""

import dataclasses
import threading

import numpy as np
import pytest
from paths import MIDI_DATA

import lstm_music as lm
from lstm_music.cli.generate import command as generate_command
from lstm_music.generate.asking.request import CONTROLS
from lstm_music.nn.sampling import Sampling

SEEDS = sorted(MIDI_DATA.glob("*.mid"))
BARS = 2


@pytest.fixture(scope="module")
def composer():
    return lm.load()


@pytest.fixture(scope="module")
def chorale():
    return lm.read(MIDI_DATA / "chorale.mid")


@pytest.mark.parametrize("path", SEEDS, ids=lambda p: p.stem)
def test_every_seed_is_continued_by_exactly_the_bars_asked(composer, path):
    seed = lm.read(path)
    out = composer.generate(seed, bars=BARS, rng_seed=1)
    start = seed.bar_lines.bar_end(seed.end_steps - 1)
    meter = seed.bar_lines.meter_at(start)
    new = out.notes[out.notes["onset_steps"] >= start]
    assert len(new) >= 1
    assert new["onset_steps"].min() == start
    assert out.end_steps <= start + BARS * meter.bar_steps
    # The last bar is not left empty by a rest alone.
    sounding_until = (new["onset_steps"] + new["duration_steps"]).max()
    assert sounding_until > start + (BARS - 1) * meter.bar_steps
    assert np.array_equal(out.notes[: len(seed.notes)], seed.notes)
    assert (out.tracks, out.meters) == (seed.tracks, seed.meters)
    n = len(seed.tempos)  # after a ritardando the usual tempo comes back
    assert out.tempos[:n] == seed.tempos
    assert [tempo.onset_steps for tempo in out.tempos[n:]] in ([], [start])
    # Drums stay drums: no drum note on a pitched track, and every drum seed goes on drumming.
    if all(track.is_drum for track in seed.tracks):
        assert all(out.tracks[t].is_drum for t in new["track"])


def test_without_the_seed_the_new_bars_start_at_zero(composer, chorale):
    whole = composer.generate(chorale, bars=BARS, rng_seed=4)
    alone = composer.generate(chorale, bars=BARS, rng_seed=4, include_seed=False)
    start = chorale.bar_lines.bar_end(chorale.end_steps - 1)
    new = whole.notes[whole.notes["onset_steps"] >= start]
    assert np.array_equal(alone.notes["onset_steps"], new["onset_steps"] - start)
    assert np.array_equal(alone.notes["pitch_midi"], new["pitch_midi"])
    assert alone.meters[0].onset_steps == 0


def test_same_rng_seed_same_music_and_another_seed_another(composer, chorale):
    a, b, c = (composer.generate(chorale, bars=BARS, rng_seed=s) for s in (9, 9, 10))
    assert a == b
    assert a != c


def test_a_result_does_not_depend_on_its_companions_or_threads(composer, chorale):
    alone = composer.generate(chorale, bars=BARS, rng_seed=3)
    one = composer.generate_many(chorale, n=4, bars=BARS, rng_seed=3, threads=1)
    two = composer.generate_many(chorale, n=4, bars=BARS, rng_seed=3, threads=2)
    assert one == two
    assert one[0] == alone
    assert one[0] != one[1]


def test_one_composer_serves_many_threads(composer, chorale):
    expected = composer.generate(chorale, bars=1, rng_seed=2)
    results = [None] * 6

    def work(i):
        results[i] = composer.generate(chorale, bars=1, rng_seed=2)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(results))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(r == expected for r in results)


def test_stream_gives_the_notes_that_generate_adds(composer, chorale):
    out = composer.generate(chorale, bars=BARS, rng_seed=6, top_p=0.9)
    start = chorale.bar_lines.bar_end(chorale.end_steps - 1)
    streamed = list(composer.stream(chorale, bars=BARS, rng_seed=6, sampling=Sampling(top_p=0.9)))
    new = out.notes[out.notes["onset_steps"] >= start]
    assert [tuple(n) for n in streamed] == [tuple(n) for n in new]


def test_from_nothing_everything_pitched_has_a_key(composer):
    """Training hides one key in ten: left to itself the network would do so, too."""
    folk = composer.generate_many(n=50, bars=1, rng_seed=1, style="folk", drafts=1)
    assert all(piece.key is not None for piece in folk)
    assert composer.generate(bars=1, rng_seed=1, style="drums").key is None


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "5/4", "7/8"])
def test_from_nothing_obeys_its_header(composer, meter):
    out = composer.generate(bars=3, meter=meter, key="D minor", tempo_bpm=97, rng_seed=1)
    assert str(out.meters[0]) == meter
    assert len(out.meters) == 1
    assert str(out.key) == "D minor"
    assert round(out.tempos[0].tempo_bpm) == 97
    assert 0 < out.end_steps <= 3 * out.meters[0].bar_steps
    assert out.end_steps > 2 * out.meters[0].bar_steps


def test_style_drums_makes_drums(composer):
    out = composer.generate(bars=2, style="drums", meter="4/4", rng_seed=1)
    assert out.tracks
    assert all(track.is_drum for track in out.tracks)


def test_one_choice_leaves_nothing_to_chance(composer, chorale):
    one, other = (composer.generate(chorale, bars=1, top_k=1, rng_seed=s) for s in (1, 2))
    assert one == other


def test_a_hot_network_is_less_like_itself_than_a_cold_one(composer):
    def nats(temperature):
        header = {"style": "folk", "meter": "4/4", "key": "G major"}
        sampling = Sampling(temperature, top_p=1.0)
        pieces = composer.generate_many(n=4, bars=8, sampling=sampling, rng_seed=1, **header)
        return sum(composer.log_prob(piece).nats_per_note for piece in pieces) / len(pieces)

    assert nats(0.5) + 0.5 < nats(1.0) < nats(1.5) - 0.5


def test_a_seed_without_notes_is_refused(composer):
    with pytest.raises(lm.MidiError, match="no notes"):
        composer.generate(lm.Piece(), bars=1)


@pytest.mark.parametrize("bars", [0, -1])
def test_bars_must_be_positive(composer, chorale, bars):
    with pytest.raises(lm.ConfigError, match="bars"):
        composer.generate(chorale, bars=bars)


@pytest.mark.parametrize("tempo_bpm", [0, -3.0, float("nan"), 1e9])
def test_a_tempo_out_of_range_is_refused(composer, tempo_bpm):
    with pytest.raises(lm.ConfigError, match="tempo_bpm"):
        composer.generate(bars=1, tempo_bpm=tempo_bpm)


def test_sampling_is_left_to_the_model_everywhere():
    """And what a model without a wish does is spelt out where a user reads it."""
    given = generate_command.make_context("generate", []).params
    options = {option.name: option for option in generate_command.params}
    usual = {field.name: field.default for field in dataclasses.fields(Sampling)}
    for name in ("temperature", "top_k", "top_p", "min_p"):
        assert given[name] is CONTROLS[name].default is None
        assert f"hat the model recommends, else {usual[name]:g}" in options[name].help


def test_the_command_line_changes_one_setting_of_the_model(tmp_path):
    out = tmp_path / "out.mid"
    args = ["--model", "drums", "--bars", "2", "--rng-seed", "1", "--temperature", "0.7"]
    generate_command.main([*args, "-o", str(out)], standalone_mode=False)
    piece = lm.load("drums").generate(bars=2, rng_seed=1, temperature=0.7, top_p=0.98)
    piece.write(tmp_path / "expected.mid")
    assert lm.read(out).notes.tolist() == lm.read(tmp_path / "expected.mid").notes.tolist()
