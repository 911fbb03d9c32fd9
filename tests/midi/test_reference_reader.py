"""music21 as the reference: where it is right about a MIDI file, both readers give its tokens."""

import music21_losses
import pytest
from music21_losses import LOSSES, losses, same_tokens
from paths import MIDI_DATA, SHARED_DATA, needs_shared_data
from smf_bytes import END, NOTE, smf
from torture_files import TORTURE

import lstm_music as lm
from lstm_music.errors import LstmMusicError, MidiError
from lstm_music.midi.scores.foreign import WorkerLimits, chorale_files, read_score
from lstm_music.midi.write import to_midi_bytes

JAZZ_SOFT = "midi_torture/jazz-soft+test-midi-files"


def test_the_files_of_this_repository():
    differing = {}
    for path in sorted(MIDI_DATA.glob("*.mid")):
        data = path.read_bytes()
        if not same_tokens(data):
            differing[path.stem] = losses(data)
    assert differing == {
        "blues": {"unnamed drums"},
        "drums": {"blurred chords", "same pitch overlaps"},
        "drums_6_8": {"blurred chords", "unnamed drums"},
        "five_four": {"unnamed drums"},
        "nocturne": {"pedal"},
        "waltz": {"pedal"},
    }


@needs_shared_data
def test_chorales_of_a_machine():
    files = sorted((SHARED_DATA / "js_fakes").rglob("*.mid"))[::25]
    assert len(files) > 10
    assert [path.name for path in files if not same_tokens(path.read_bytes())] == []


def test_chorales_as_we_write_them():
    for name, path in chorale_files()[::150]:
        piece = read_score(path, source=name, expand_repeats=False)
        assert same_tokens(to_midi_bytes(piece)), name


@needs_shared_data
def test_odd_files_differ_for_a_named_reason_only():
    n_alike = 0
    for path in sorted((SHARED_DATA / JAZZ_SOFT).glob("*.mid")):
        data = path.read_bytes()
        if len(data) > 2000:  # the long ones hold every sound of a synthesiser
            continue
        try:
            alike = same_tokens(data)
        except LstmMusicError:
            continue  # one of the two cannot read it, or no tokens can tell it
        n_alike += alike
        assert alike or losses(data), path.name
    assert n_alike >= 15  # music21 knows no banks of drums


C4, E4 = " 00 90 3C 40", " 00 90 40 40"
LOST = {
    "pedal": [" 00 B0 40 7F" + NOTE + " 00 B0 40 00" + END],
    "system exclusive": [C4 + " 60 3C 00 00 F0 01 F7 00 3E 40 60 3E 00" + END],
    "unended notes": [NOTE + E4 + " 60 90 43 40 60 80 43 40" + END],
    "same pitch overlaps": [C4 + " 30 90 3C 40 30 80 3C 40 60 80 3C 40" + END],
    # At 96 ticks a quarter: a step is 4 ticks, music21's tolerance 6.
    "blurred chords": [C4 + " 05 90 40 40 5B 80 3C 40 05 80 40 40" + END],
    "channels of a chunk": [" 00 C1 20" + NOTE + " 00 91 3C 40 60 81 3C 40" + END],
    "instrument of a name": [" 00 FF 03 05 46 6C 75 74 65" + NOTE + END],
    "unnamed drums": [" 00 99 33 40 60 89 33 40" + END],  # a ride cymbal
    "damage": [NOTE + " 00 F4" + NOTE + END],
}


@pytest.mark.parametrize("name", [*LOSSES, "damage"])
def test_every_class_is_a_real_loss(name):
    data = smf(*LOST[name])
    assert name in losses(data)
    assert losses(data) <= {name, "damage"}
    assert not same_tokens(data)


def test_without_any_of_them_nothing_is_lost():
    data = smf(" 00 C0 28" + NOTE + E4 + C4 + " 60 80 40 40 00 80 3C 40" + END)
    assert losses(data) == set()
    assert same_tokens(data)


def test_as_a_reader_of_files(tmp_path):
    path = MIDI_DATA / "jig.mid"
    ours, reference = lm.read(path), lm.read(path, reader="music21")
    assert ours == reference.replace(tracks=ours.tracks)
    assert ours.unstated == reference.unstated == set()
    assert lm.read_pieces(path, reader="music21")[0] == reference
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    with pytest.raises(MidiError, match=r"bad\.mid: music21 cannot read it"):
        lm.read(tmp_path / "bad.mid", reader="music21")


@pytest.mark.parametrize("number", [37, 38])
def test_files_on_which_music21_hangs_are_ended(number):
    (path,) = TORTURE.glob(f"{number}_*.mid")
    limits = WorkerLimits(cpu_seconds=1, wall_seconds=30)
    with pytest.raises(MidiError, match=rf"{path.name}: .*(took longer|needs more)"):
        lm.read_pieces(path, reader="music21", limits=limits)
    assert len(lm.read_pieces(MIDI_DATA / "single_note.mid", reader="music21")[0].notes) == 1


def test_a_clarinet_track_sounds_as_it_is_played():
    name = " 00 FF 03 08 43 6C 61 72 69 6E 65 74 00 C0 47"
    assert same_tokens(smf(name + NOTE + END))


def test_a_program_change_within_a_chunk():
    assert same_tokens(smf(NOTE + " 00 C0 30" + NOTE + " 00 C0 00" + NOTE + END))


def test_what_the_file_does_not_state():
    data = smf(NOTE * 2 + END)
    reference = music21_losses.score_pieces(data, music21_losses.MIDI)[0]
    assert reference.unstated == {"meter", "tempo"}
    stated = smf(" 00 FF 58 04 03 02 18 08 00 FF 51 03 07 A1 20" + NOTE * 2 + END)
    assert music21_losses.score_pieces(stated, music21_losses.MIDI)[0].unstated == set()
