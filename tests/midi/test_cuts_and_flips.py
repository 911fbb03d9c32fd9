"""Twenty small files, cut at every byte and changed at every byte: valid pieces or MidiError."""

import pytest
from paths import MIDI_DATA
from piece_checks import check_piece, check_written_and_read, read_or_refuse
from smf_bytes import END, NOTE, riff, smf

from lstm_music.errors import MidiError
from lstm_music.midi.read import read_midi_bytes, read_midi_pieces_bytes
from lstm_music.midi.write import to_midi_bytes
from lstm_music.music.piece import Piece, Track, make_notes

CHORD = "00 90 3C 40  00 40 41  00 43 42  60 3C 00  00 40 00  00 43 00"
SETUP = "00 FF 51 03 07 A1 20  00 FF 58 04 03 02 18 08  00 FF 59 02 FE 01  00 FF 03 02 C3 A9"
TRIPLETS = make_notes([(8 * i, 8, 60 + i, 64 + i, i % 2) for i in range(6)])
OURS = Piece(notes=TRIPLETS, tracks=(Track(40, name="Viola"), Track(is_drum=True)), pickup_steps=24)

FILES = {
    "one note": smf(NOTE + END),
    "chord in running status": smf(CHORD + END),
    "changes": smf(SETUP + END, NOTE + END),
    "pedal and all notes off": smf("00 B0 40 7F" + CHORD + "00 90 3C 40 20 B0 7B 00" + END),
    "programs": smf("00 C0 05" + NOTE + "00 C0 06" + NOTE + END),
    "drums": smf("00 99 24 40  30 89 24 40  00 99 26 40  30 99 26 00" + END, midi_format=0),
    "overlaps": smf("00 90 3C 40 10 90 3C 41 10 80 3C 00 10 80 3C 00" + END),
    "messages of every kind": smf(
        "00 A0 3C 10  00 B0 07 64  00 D0 20  00 E0 00 40  00 F0 02 01 F7  00 F7 01 00" + NOTE + END
    ),
    "long numbers": smf("81 80 00 90 3C 40  82 80 00 80 3C 40" + END),
    "never closed": smf("00 90 3C 40  00 90 40 40  60 FF 2F 00"),
    "separate pieces": smf(NOTE + END, "00 C0 07" + NOTE + END, midi_format=2),
    "by the clock": smf(NOTE + END, division=0xE250),
    "RIFF": riff(smf(NOTE + END), before=b"LIST\x04\0\0\0INFO"),
    "MacBinary": bytes(128) + smf(NOTE + END),
    "alien chunks": smf(END) + b"XFIH\0\0\0\2ab" + smf(NOTE + END)[14:],
    "ours, with a pickup": to_midi_bytes(OURS),
    "tempo change": (MIDI_DATA / "tempo_change.mid").read_bytes(),
    "single note": (MIDI_DATA / "single_note.mid").read_bytes(),
    "pickup": (MIDI_DATA / "pickup.mid").read_bytes()[:600],
    "seven eight": (MIDI_DATA / "seven_eight.mid").read_bytes()[:600],
}
MOST_WRITTEN = 12  # notes; writing takes a hundred times as long as reading
MASKS = (0x01, 0x80, 0x40, 0x7F, 0xFF)


def test_there_are_twenty_and_all_are_read():
    assert len(FILES) == 20
    assert all(read_or_refuse(data) for data in FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_every_cut(name):
    data = FILES[name]
    outcomes = [read_or_refuse(data[:n], MOST_WRITTEN) for n in range(len(data))]
    assert None in outcomes
    assert len(outcomes) == len(data)


@pytest.mark.parametrize("name", FILES)
def test_every_flip(name):
    data = FILES[name]
    n_read = 0
    for i in range(len(data)):
        for mask in MASKS:
            flipped = bytes([*data[:i], data[i] ^ mask, *data[i + 1 :]])
            try:
                pieces = read_midi_pieces_bytes(flipped)
            except MidiError as error:
                assert error.offset is None or 0 <= error.offset <= len(data)
                continue
            n_read += 1
            for piece in pieces:
                check_piece(piece)
                if mask == MASKS[0] and len(piece.notes) <= MOST_WRITTEN:
                    check_written_and_read(piece)
    assert 0 < n_read < len(MASKS) * len(data)


@pytest.mark.parametrize("name", FILES)
def test_strict_reading_refuses_just_what_was_mended(name):
    data = FILES[name]
    for i in range(len(data)):
        flipped = bytes([*data[:i], data[i] ^ 0x10, *data[i + 1 :]])
        try:
            piece = read_midi_bytes(flipped)
        except MidiError:
            piece = None
        try:
            strict = read_midi_bytes(flipped, strict=True)
        except MidiError as error:
            assert piece is None or piece.repairs
            assert piece is None or error.offset is not None
        else:
            assert strict == piece
            assert strict.repairs == ()
