"""Where the music of a continuation stands in its seed."""

import numpy as np
import pytest

import lstm_music as lm
from lstm_music.generate import compose
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.key import KeyChange
from lstm_music.music.meter import Meter
from lstm_music.music.piece import PEDAL_DTYPE, Piece, Tempo, Track, make_notes


@pytest.fixture(scope="module")
def model():
    return lm.load()


def scale(bars, track=0, **fields):
    rows = [(24 * i, 24, 60 + i % 5, 80, track) for i in range(4 * bars)]
    return Piece(notes=make_notes(rows), **({"tracks": (Track(),), "key": lm.Key(0)} | fields))


def pressed(*changes):
    return np.array([(steps, 0, down) for steps, down in changes], PEDAL_DTYPE)


def test_new_notes_are_of_the_seeds_own_tracks(model):
    seed = scale(2, track=2, tracks=(Track(40), Track(0, is_drum=True), Track(24)))
    for include in (True, False):
        out = model.generate(seed, bars=1, rng_seed=1, include_seed=include)
        assert set(out.notes["track"].tolist()) == {2}


@pytest.mark.parametrize("bars", [2, 70])
def test_a_pedal_that_is_down_is_lifted_where_the_new_music_begins(model, bars):
    seed = scale(bars, pedal=pressed((0, True)))
    out = model.generate(seed, bars=1, rng_seed=1)
    assert out.pedal.tolist() == [(0, 0, True), (96 * bars, 0, False)]


def test_a_pedal_that_is_up_is_left_alone(model):
    seed = scale(2, pedal=pressed((0, True), (24, False)))
    assert model.generate(seed, bars=1, rng_seed=1).pedal.tolist() == seed.pedal.tolist()


def test_new_bars_are_of_the_meter_in_force_at_the_end(model):
    seed = scale(1, meters=(Meter(0, 4, 4), Meter(96, 3, 4)))
    longer = seed.replace(notes=np.concatenate([seed.notes, make_notes([(96, 72, 60, 80, 0)])]))
    assert model.generate(longer, bars=2, rng_seed=1).length_steps == 168 + 2 * 72


@pytest.mark.parametrize(("pickup_steps", "total"), [(0, 5), (24, 6)])
def test_the_network_is_told_how_many_bars_there_will_be(model, monkeypatch, pickup_steps, total):
    """A pickup counts: with it the seed has three bars."""
    told = []

    class Told:
        def __init__(self, generator):
            self._generator = generator

        def __getattr__(self, name):
            if name == "set_total_bars":
                return told.append
            return getattr(self._generator, name)

    make = compose.new_generator

    class StopError(Exception):
        pass

    def stop(*_):
        raise StopError

    monkeypatch.setattr(compose, "new_generator", lambda *args, **kw: Told(make(*args, **kw)))
    monkeypatch.setattr(Told, "set_task", stop, raising=False)
    seed = scale(2, pickup_steps=pickup_steps)
    with pytest.raises(StopError):
        model.stream(seed, bars=3, rng_seed=1)
    assert told == [total]


def test_a_streamed_note_waits_for_its_loudness(model, monkeypatch):
    """What is drawn after a note may still change its velocity."""

    class Drawing:
        """Draws three strokes, the loudness of each with the next."""

        def __init__(self):
            self.score, self.n = self, 0

        def notes(self):
            drawn = [(96 + 24 * i, 6, 38, 100 if i + 1 < self.n else 1, 0) for i in range(self.n)]
            return make_notes([(0, 6, 36, 80, 0), *drawn])

        def run(self, *_, **__):
            self.n += 1
            return self.n == 4

    monkeypatch.setattr(compose.Job, "begin", lambda *_: Drawing())
    seed = Piece(notes=make_notes([(0, 6, 36, 80, 0)]), tracks=(Track(is_drum=True),))
    streamed = [int(note["velocity"]) for note in model.stream(seed, bars=1, rng_seed=1)]
    assert streamed == [100, 100, 100, 1]


def test_from_a_bar_on_nothing_of_the_seed_is_left(model):
    """Neither its notes nor its later pedal, tempos, keys and meters."""
    seed = scale(
        8,
        pedal=pressed((0, True), (90, False), (384, True), (700, False)),
        tempos=(Tempo(0), Tempo(384, 900_000), Tempo(760, 1_200_000)),
        meters=(Meter(0, 4, 4), Meter(384, 3, 4)),
        key_changes=(KeyChange(384, lm.Key(3)),),
    )
    for piece in (seed, lm.read(to_midi_bytes(seed))):
        out = model.generate(piece, from_bar=5, bars=2, rng_seed=1)
        assert np.array_equal(out.notes[out.notes["onset_steps"] < 384], seed.notes[:16])
        assert (out.tempos, out.meters, out.key_changes) == ((Tempo(0),), (Meter(0, 4, 4),), ())
        assert out.pedal["down"].tolist() == [True] + [False] * (len(out.pedal) - 1)
        assert out.length_steps == 384 + 2 * 96
        again = lm.read(to_midi_bytes(out))
        assert (again.tempos, again.meters) == (out.tempos, out.meters)
        assert again.pedal.tolist() == out.pedal.tolist()
