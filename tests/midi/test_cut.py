"""A file that goes on from one of its bars: what is cut away goes with all of its events."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import MIDI_DATA
from smf_bytes import END, smf
from smf_events import END_OF_TRACK, PORT, list_events, note_events
from smf_player import play
from smf_strategies import files

import lstm_music as lm
from lstm_music.errors import MidiError
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.excerpt import up_to
from lstm_music.music.piece import Tempo, make_notes

BEFORE = " 00 C0 05 00 90 3C 40 60 80 3C 40"  # a quarter note at 96 ticks a quarter
_OURS = b"\xff\x7f"


def cut(piece, start):
    return up_to(piece, start, piece.notes["onset_steps"] >= start)


def kept_events(data, piece, start):
    """The events of each chunk that stand before a step, but for late notes, and the ends of notes
    that begin before.
    """
    ticks = int(piece.original.ticks(np.array([float(start)]))[0])
    for mtrk, (events, notes) in enumerate(
        zip(list_events(data, strict=False).tracks, note_events(data))
    ):
        if piece.original.mtrk not in (-1, mtrk):
            yield [event for event in events if event[1] != END_OF_TRACK]
            continue
        late = {i for note in notes if events[note[0]][0] >= first_late(piece, start) for i in note}
        ends = {end for _, end in notes}
        yield [
            (tick, event)
            for i, (tick, event) in enumerate(events)
            if event != END_OF_TRACK and i not in late and (tick < ticks or i in ends)
        ]


def first_late(piece, start):
    """The first tick from which on a note is nearest to ``start`` or a later step."""
    steps, ticks = (
        int(knots[1]) for knots in (piece.original.knots_steps, piece.original.knots_ticks)
    )
    return -(-(2 * start - 1) * ticks // (2 * steps))


def is_silence(event):
    return event[0] >> 4 == 0xB and event[1] in (120, 123)


def never_ended(data):
    """Channel and pitch of notes that no event of their chunk ends for them alone."""
    keys = set()
    for events, notes in zip(list_events(data, strict=False).tracks, note_events(data)):
        keys |= {(events[on][1][0] & 0x0F, events[on][1][1]) for on, off in notes if off is None}
    return keys


def check(data, piece, start):
    output = to_midi_bytes(cut(piece, start))
    ticks = int(piece.original.ticks(np.array([float(start)]))[0])
    hung = never_ended(data)

    def is_theirs(tick, event):
        """Whether an event is not one that we may put behind where the file is cut."""
        ends_hung = event[0] >> 4 == 8 and (event[0] & 0x0F, event[1]) in hung
        return event[:2] != _OURS and (tick < ticks or not (is_silence(event) or ends_hung))

    for kept, events in zip(kept_events(data, piece, start), list_events(output).tracks):
        found, wanted = (
            [each for each in some if each[1] != END_OF_TRACK and is_theirs(*each)]
            for some in (events, kept)
        )
        assert found == wanted
        if piece.original.mtrk < 0:
            assert events[-1][0] <= max(
                [ticks, *(t for t, e in events if not is_theirs(t, e)), *(t for t, _ in wanted)]
            )
    # A player silences a channel in all chunks; of a late silence only a chunk with a note stays.
    late = [event for events in list_events(data, strict=False).tracks for event in events]
    if PORT not in data and not any(t >= ticks and is_silence(event) for t, event in late):
        after, before = (
            [note for note in play(file) if (note.channel, note.pitch) not in hung]
            for file in (output, data)
        )
        before = [note for note in before if note.tick < first_late(piece, start)]
        if piece.original.mtrk < 0:
            assert all(note.end >= 0 for note in play(output))
            assert sorted(map(str, after)) == sorted(map(str, before))


_slow = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_slow
@given(files(), st.integers(0, 2**32 - 1))
def test_a_random_file_is_cut_at_a_random_step(data, number):
    try:
        piece = lm.read(data)
    except MidiError:
        return
    if len(piece.original.knots_steps) == 2 and piece.end_steps > 1:
        rng = np.random.default_rng(number)
        check(data, piece, int(rng.integers(1, piece.end_steps)))


@pytest.mark.parametrize("path", sorted(MIDI_DATA.glob("*.mid")), ids=lambda path: path.stem)
def test_our_own_files_are_cut_at_bar_lines(path):
    piece = lm.read(path)
    start = piece.bar_lines.bar_end(piece.end_steps // 2)
    if len(piece.original.knots_steps) == 2:
        check(path.read_bytes(), piece, start)
    again = lm.read(to_midi_bytes(cut(piece, start)))
    assert len(again.notes) == int((piece.notes["onset_steps"] < start).sum())


def test_what_is_added_where_the_file_is_cut_is_not_touched_by_what_came_then():
    """Tempo, pedal, bend and volume of the bars that are gone."""
    late = " 00 FF 51 03 16 E3 60 00 B0 40 7F 00 E0 00 70 00 B0 07 05 10 B0 40 00 50 90 3E 40"
    data = smf(BEFORE * 4 + late + " 60 80 3E 40" + BEFORE + END)
    piece = cut(lm.read(data), 96)
    assert piece.tempos == (Tempo(0),)
    assert not len(piece.pedal)
    more = piece.replace(
        notes=np.concatenate([piece.notes, make_notes([(96, 96, 70, 90, 0)])]),
        tempos=(*piece.tempos, Tempo(96, 400_000)),
        length_steps=192,
    )
    (events,) = list_events(to_midi_bytes(more)).tracks
    ours = [(tick, event) for tick, event in events if tick >= 384 and event[:2] != _OURS]
    assert ours == [
        (384, bytes.fromhex("80 3c 40")),
        (384, bytes.fromhex("ff 51 03 06 1a 80")),
        (384, bytes.fromhex("90 46 5a")),
        (768, bytes.fromhex("80 46 40")),
        (768, END_OF_TRACK),
    ]


def test_a_note_that_never_ends_ends_where_its_file_is_cut():
    data = smf(" 00 90 40 40" + BEFORE * 8 + END)
    piece = cut(lm.read(data), 96)
    more = piece.replace(
        notes=np.concatenate([piece.notes, make_notes([(96, 24, 70, 90, 0)])]), length_steps=192
    )
    (hung,) = [note for note in play(to_midi_bytes(more)) if note.pitch == 0x40]
    assert hung[:2] == (0, 384)


def test_a_file_that_was_cut_may_be_cut_again():
    data = smf(BEFORE * 16 + END)
    twice = cut(cut(lm.read(data), 192), 96)
    assert to_midi_bytes(twice) == to_midi_bytes(cut(lm.read(data), 96))
    longer = cut(lm.read(data), 96)
    longer = longer.replace(
        notes=np.concatenate(
            [longer.notes, make_notes([(96 + 24 * i, 24, 70, 90, 0) for i in range(8)])]
        )
    )
    again = lm.read(to_midi_bytes(cut(longer, 192)))
    assert again.notes["pitch_midi"].tolist() == [60] * 4 + [70] * 4
