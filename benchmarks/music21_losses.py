"""What music21's MIDI reader loses of a file, as named classes.

Each class is a predicate on the file's events, as music21 itself reads them. Where none holds, the
reference path (``--reader music21``) gives the same tokens as our own reader; the tests hold it to
that. A predicate may hold where nothing is lost: it names the danger.

    python benchmarks/music21_losses.py FOLDER...    how many files of each folder are alike
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstm_music.errors import LstmMusicError
from lstm_music.midi.content import MIDI
from lstm_music.midi.read import read_midi_bytes
from lstm_music.midi.scores.pieces import score_pieces
from lstm_music.music.listening.rhythm import infer_meter
from lstm_music.tokens.encode import encode

DRUMS = 10  # channels count from 1 here, as in music21


@dataclass
class Chunk:
    """A track chunk: notes (onset, end, channel, pitch) in ticks, and what else tells."""

    notes: list[tuple[int, int, int, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    first_programs: dict[int, int] = field(default_factory=dict)
    pedal: bool = False
    sysex: bool = False
    unended: int = 0
    again: int = 0

    @property
    def channels(self) -> set[int]:
        """Those that have notes."""
        return {channel for _, _, channel, _ in self.notes}


def read_chunks(data: bytes) -> tuple[int, list[Chunk]]:
    """Ticks a quarter note, and the chunks, by music21's event reader."""
    from music21 import midi

    file = midi.MidiFile()
    file.readstr(data)
    return file.ticksPerQuarterNote, [_chunk(track) for track in file.tracks]


def _chunk(track: Any) -> Chunk:
    from music21 import midi

    chunk = Chunk()
    sounding: dict[tuple[int, int], list[int]] = {}
    for tick, event in midi.translate.getTimeForEvents(track):
        key = (event.channel, event.pitch)
        if event.isNoteOn():
            chunk.again += bool(sounding.get(key))
            sounding.setdefault(key, []).append(tick)
        elif event.isNoteOff() and sounding.get(key):
            chunk.notes.append((sounding[key].pop(0), tick, *key))
        elif event.type == midi.ChannelVoiceMessages.PROGRAM_CHANGE:
            if not any(n[2] == event.channel for n in chunk.notes) and not sounding:
                chunk.first_programs[event.channel] = event.parameter1
        elif event.type == midi.ChannelVoiceMessages.CONTROLLER_CHANGE:
            chunk.pedal |= event.parameter1 == 64 and event.parameter2 >= 64
        elif isinstance(event.type, midi.SysExEvents):
            chunk.sysex = True
        elif event.type in (midi.MetaEvents.SEQUENCE_TRACK_NAME, midi.MetaEvents.INSTRUMENT_NAME):
            chunk.names.append(event.data.decode("latin-1").split("\0")[0].strip())
    chunk.unended = sum(map(len, sounding.values()))
    chunk.notes.sort()
    return chunk


def _pedal(_tpq: int, chunk: Chunk) -> bool:
    return chunk.pedal


def _system_exclusive(_tpq: int, chunk: Chunk) -> bool:
    """It ends running status as the standard says; many programs write as if it did not."""
    return chunk.sysex


def _unended_notes(_tpq: int, chunk: Chunk) -> bool:
    """It leaves them out; we end them where the track ends."""
    return chunk.unended > 0


def _same_pitch_overlaps(_tpq: int, chunk: Chunk) -> bool:
    """Both notes end where the first note-off stands."""
    return chunk.again > 0


def _blurred_chords(tpq: int, chunk: Chunk) -> bool:
    """Notes that begin, and end, within a 64th of each other become a chord of one length."""
    tolerance = tpq / 16
    spans = [note[:2] for note in chunk.notes]
    for i, (onset, end) in enumerate(spans):
        for other_onset, other_end in spans[i + 1 :]:
            if other_onset - onset >= tolerance:
                break
            differ = (other_onset, other_end) != (onset, end)
            if differ and abs(other_end - end) <= tolerance:
                return True
    return False


def _channels_of_a_chunk(_tpq: int, chunk: Chunk) -> bool:
    """A chunk becomes one part, whatever channels its notes are on."""
    return len(chunk.channels) > 1


def _instrument_of_a_name(_tpq: int, chunk: Chunk) -> bool:
    """A name like Bass counts as an instrument, also against the program."""
    from music21 import instrument

    if not chunk.notes or DRUMS in chunk.channels:
        return False
    program = chunk.first_programs.get(min(chunk.channels))
    by_program = type(instrument.instrumentFromMidiProgram(program or 0))
    for name in filter(None, chunk.names):
        try:
            guess = instrument.fromString(name)
        except instrument.InstrumentException:
            continue
        alike = type(guess) is by_program  # then music21 keeps the guess only
        if (program is None or alike) and guess.midiProgram not in (None, program or 0):
            return True
    return False


def _unnamed_drums(_tpq: int, chunk: Chunk) -> bool:
    """Drum keys that it knows no instrument for, or the same one as for another key."""
    return any(channel == DRUMS and not _is_kept(pitch) for _, _, channel, pitch in chunk.notes)


def _is_kept(pitch: int) -> bool:
    from music21.midi.percussion import MIDIPercussionException, PercussionMapper

    try:
        found = PercussionMapper().midiPitchToInstrument(pitch)
    except MIDIPercussionException:
        return False
    return bool(found.percMapPitch == pitch)


LOSSES: dict[str, Callable[[int, Chunk], bool]] = {
    "pedal": _pedal,
    "system exclusive": _system_exclusive,
    "unended notes": _unended_notes,
    "same pitch overlaps": _same_pitch_overlaps,
    "blurred chords": _blurred_chords,
    "channels of a chunk": _channels_of_a_chunk,
    "instrument of a name": _instrument_of_a_name,
    "unnamed drums": _unnamed_drums,
}


def losses(data: bytes) -> set[str]:
    """The classes that a MIDI file belongs to; "damage" is what our own reader mends.

    Raises
    ------
    LstmMusicError : our reader cannot read it.
    Exception : whatever music21's event reader does on a file that it cannot read.
    """
    tpq, chunks = read_chunks(data)
    named = {name for name, holds in LOSSES.items() if any(holds(tpq, c) for c in chunks)}
    return named | ({"damage"} if read_midi_bytes(data).repairs else set())


def same_tokens(data: bytes) -> bool:
    """Whether music21 and our reader give the same tokens.

    Raises
    ------
    LstmMusicError : either of them cannot.
    """
    ours = encode(infer_meter(read_midi_bytes(data)))
    theirs = encode(infer_meter(score_pieces(data, MIDI, first_only=True)[0]))
    return ours.tolist() == theirs.tolist()


def compare(files: Iterable[Path]) -> Counter[str]:
    """How many files are alike, differ for a named reason or for none, or cannot be read."""
    counts: Counter[str] = Counter()
    for path in files:
        data = path.read_bytes()
        try:
            alike = same_tokens(data)
            named = losses(data)
        except LstmMusicError:
            counts["not read by both"] += 1
            continue
        counts["files"] += 1
        counts["alike"] += alike
        counts["alike, though a class holds"] += alike and bool(named)
        counts.update(f"differ: {name}" for name in named if not alike)
        if not alike and not named:
            counts["DIFFER FOR NO NAMED REASON"] += 1
            print(f"  {path}: differs for no named reason")
    return counts


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".mid", ".midi"})
        counts = compare(files)
        print(folder)
        for what, count in sorted(counts.items()):
            print(f"  {count:5d} {what}")


if __name__ == "__main__":
    main()
