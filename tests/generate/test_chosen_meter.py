"""A meter and pickup chosen beside a seed: they overrule its file, whose events stay."""

import io

import mido
import numpy as np
import pytest
from paths import MIDI_DATA
from smf_events import seed_stands

import lstm_music as lm
from lstm_music.errors import ConfigError
from lstm_music.midi.files import restated
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.meter import Meter
from lstm_music.music.seam import next_bar_steps


@pytest.fixture(scope="module")
def model():
    return lm.load()


def march(meter=None):
    """Eight bars of bass and chord in quarters."""
    file = mido.MidiFile(type=1, ticks_per_beat=480)
    track = mido.MidiTrack()
    if meter:
        top, bottom = meter
        track.append(mido.MetaMessage("time_signature", numerator=top, denominator=bottom))
    for i in range(32):
        pitch = 64 if i % 2 else (36, 43)[i // 2 % 2]
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=480))
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("stated", [None, (4, 4), (3, 4)])
@pytest.mark.parametrize(("meter", "pickup"), [("2/4", None), ("6/8", "1/8"), (None, "1/4")])
def test_it_holds_for_the_seed_and_the_new_bars_and_is_read_back(stated, meter, pickup, model):
    data = march(stated)
    out = model.generate(lm.read(data), bars=2, meter=meter, pickup=pickup, rng_seed=1)
    if meter:
        assert [str(m) for m in out.meters] == [meter]
    steps = {None: out.pickup_steps, "1/8": 12, "1/4": 24}[pickup]
    assert out.pickup_steps == steps
    bar = out.meters[0].bar_steps
    assert (out.length_steps - steps) % bar == 0
    output = to_midi_bytes(out)
    assert seed_stands(data, output) == []
    again = lm.read(output)
    assert (str(again.meters[-1]), again.pickup_steps) == (str(out.meters[-1]), steps)
    assert np.array_equal(again.notes["onset_steps"], out.notes["onset_steps"])


def test_a_program_that_knows_nothing_of_ours_sees_the_meter_at_the_beginning(model):
    out = model.generate(lm.read(march()), bars=1, meter="6/8", rng_seed=1)
    first = mido.MidiFile(file=io.BytesIO(to_midi_bytes(out))).tracks[0]
    (signature,) = [m for m in first if m.type == "time_signature"]
    assert (signature.numerator, signature.denominator) == (6, 8)


def test_a_meter_that_was_found_is_not_written_into_the_users_part(model):
    piece = lm.read(march())
    out = model.generate(piece, bars=1, rng_seed=1)
    file = mido.MidiFile(file=io.BytesIO(to_midi_bytes(out)))
    assert not [m for track in file.tracks for m in track if m.type == "time_signature"]
    again = lm.read(to_midi_bytes(out))
    assert (again.meters, again.pickup_steps) == (out.meters, out.pickup_steps)


CHANGES = {
    "4/4, then 2/4": ([(0, 4, 4), (8, 2, 4)], {"meter": "3/4"}),
    "3/4, then 4/4": ([(0, 3, 4), (9, 4, 4)], {"meter": "4/4"}),
    "a change in a second track": ([(0, 4, 4), (8, 2, 4)], {"meter": "6/8", "pickup": "1/8"}),
    "a short first bar that is none": ([(0, 1, 4), (1, 4, 4)], {"pickup": "0"}),
    "a short first bar that is longer": ([(0, 1, 4), (1, 4, 4)], {"pickup": "3/8"}),
}


@pytest.mark.parametrize(("stated", "chosen"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("where", [0, 1])
def test_it_overrules_the_changes_of_the_file_for_every_reader(stated, chosen, where, model):
    file = mido.MidiFile(file=io.BytesIO(march()))
    file.tracks.append(mido.MidiTrack())
    meters, now = mido.MidiTrack(), 0
    for quarter, top, bottom in stated:
        time, now = 480 * (quarter - now), quarter
        signature = {"numerator": top, "denominator": bottom, "time": time}
        meters.append(mido.MetaMessage("time_signature", **signature))
    file.tracks.insert(where, meters)
    buffer = io.BytesIO()
    file.save(file=buffer)
    out = model.generate(lm.read(buffer.getvalue()), bars=2, rng_seed=1, **chosen)
    output = to_midi_bytes(out)
    assert seed_stands(buffer.getvalue(), output) == []
    again = lm.read(output)
    assert (again.meters, again.pickup_steps) == (out.meters, out.pickup_steps)
    assert next_bar_steps(again) == out.length_steps
    seen, now = [], 0
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(output)).tracks):
        now += message.time
        if message.type == "time_signature":
            seen.append((now, f"{message.numerator}/{message.denominator}"))
    in_the_end = dict(seen)  # of those at one tick the last
    begin = 20 * out.pickup_steps
    assert {text for tick, text in in_the_end.items() if tick >= begin} == {str(out.meters[0])}
    bar = 20 * out.meters[0].bar_steps
    start = 20 * out.length_steps - 2 * bar
    assert (start - max(tick for tick in in_the_end if tick <= start)) % bar == 0


def test_new_bars_alone_are_in_the_meter_that_was_chosen(model):
    piece = lm.read(march((4, 4)))
    out = model.generate(piece, bars=1, meter="6/8", rng_seed=1, include_seed=False)
    signatures = [
        m
        for m in mido.MidiFile(file=io.BytesIO(to_midi_bytes(out))).tracks[0]
        if m.type == "time_signature"
    ]
    assert (signatures[-1].numerator, signatures[-1].denominator) == (6, 8)


def test_what_we_wrote_is_read_back_exactly(model):
    for rng_seed in range(12):
        piece = model.generate(bars=4, rng_seed=rng_seed, drafts=1)
        again = lm.read(to_midi_bytes(piece))
        assert (again.meters, again.pickup_steps) == (piece.meters, piece.pickup_steps)
        assert np.array_equal(again.notes["onset_steps"], piece.notes["onset_steps"])
        assert again.length_steps in (0, piece.length_steps)


def test_wrong_values_are_one_clear_error(model):
    piece = lm.read(MIDI_DATA / "chorale.mid")
    for options in ({"pickup": "5/4"}, {"pickup": "x"}, {"pickup": "1/7"}, {"meter": "4/5"}):
        with pytest.raises(ConfigError):
            model.generate(piece, bars=1, **options)
    with pytest.raises(ConfigError, match="for a seed"):
        model.generate(bars=1, pickup="1/8")


def test_a_score_can_be_restated_too():
    piece = lm.read(MIDI_DATA / "chorale.mid").replace(original=None)
    assert restated(piece, Meter(0, 2, 4)).meters == (Meter(0, 2, 4),)


def test_where_our_part_begins_is_known_and_read_back(model):
    piece = lm.read(march((4, 4)))
    out = model.generate(piece, bars=1, rng_seed=1)
    assert out.added_places == ((0, 8 * 96, 9 * 96),)
    again = lm.read(to_midi_bytes(out))
    assert again.added_places == out.added_places
    twice = model.generate(again, bars=1, rng_seed=2)
    assert twice.added_places == (*out.added_places, (0, 9 * 96, 10 * 96))
    assert lm.read(to_midi_bytes(twice)).added_places == twice.added_places
    assert lm.read(to_midi_bytes(model.generate(bars=2, rng_seed=1))).added_places == ()
    alone = model.generate(piece, bars=1, rng_seed=1, include_seed=False)
    assert alone.added_places == lm.read(to_midi_bytes(alone)).added_places == ()
