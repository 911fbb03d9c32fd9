"""General MIDI instruments: 128 programs in 16 families of 8, and the drums."""

from __future__ import annotations

from lstm_music.errors import ConfigError

PROGRAMS_A_FAMILY = 8

# General MIDI System Level 1, table 2: the sound set, numbered from 0 here.
_SOUND_SET = {
    "Piano": (
        "Acoustic Grand Piano",
        "Bright Acoustic Piano",
        "Electric Grand Piano",
        "Honky-tonk Piano",
        "Electric Piano 1",
        "Electric Piano 2",
        "Harpsichord",
        "Clavinet",
    ),
    "Chromatic Percussion": (
        "Celesta",
        "Glockenspiel",
        "Music Box",
        "Vibraphone",
        "Marimba",
        "Xylophone",
        "Tubular Bells",
        "Dulcimer",
    ),
    "Organ": (
        "Drawbar Organ",
        "Percussive Organ",
        "Rock Organ",
        "Church Organ",
        "Reed Organ",
        "Accordion",
        "Harmonica",
        "Bandoneon",
    ),
    "Guitar": (
        "Acoustic Guitar (nylon)",
        "Acoustic Guitar (steel)",
        "Electric Guitar (jazz)",
        "Electric Guitar (clean)",
        "Electric Guitar (muted)",
        "Overdriven Guitar",
        "Distortion Guitar",
        "Guitar Harmonics",
    ),
    "Bass": (
        "Acoustic Bass",
        "Electric Bass (finger)",
        "Electric Bass (pick)",
        "Fretless Bass",
        "Slap Bass 1",
        "Slap Bass 2",
        "Synth Bass 1",
        "Synth Bass 2",
    ),
    "Strings": (
        "Violin",
        "Viola",
        "Cello",
        "Contrabass",
        "Tremolo Strings",
        "Pizzicato Strings",
        "Orchestral Harp",
        "Timpani",
    ),
    "Ensemble": (
        "String Ensemble 1",
        "String Ensemble 2",
        "Synth Strings 1",
        "Synth Strings 2",
        "Choir Aahs",
        "Voice Oohs",
        "Synth Voice",
        "Orchestra Hit",
    ),
    "Brass": (
        "Trumpet",
        "Trombone",
        "Tuba",
        "Muted Trumpet",
        "French Horn",
        "Brass Section",
        "Synth Brass 1",
        "Synth Brass 2",
    ),
    "Reed": (
        "Soprano Sax",
        "Alto Sax",
        "Tenor Sax",
        "Baritone Sax",
        "Oboe",
        "English Horn",
        "Bassoon",
        "Clarinet",
    ),
    "Pipe": (
        "Piccolo",
        "Flute",
        "Recorder",
        "Pan Flute",
        "Blown Bottle",
        "Shakuhachi",
        "Whistle",
        "Ocarina",
    ),
    "Synth Lead": (
        "Lead 1 (square)",
        "Lead 2 (sawtooth)",
        "Lead 3 (calliope)",
        "Lead 4 (chiff)",
        "Lead 5 (charang)",
        "Lead 6 (voice)",
        "Lead 7 (fifths)",
        "Lead 8 (bass + lead)",
    ),
    "Synth Pad": (
        "Pad 1 (new age)",
        "Pad 2 (warm)",
        "Pad 3 (polysynth)",
        "Pad 4 (choir)",
        "Pad 5 (bowed)",
        "Pad 6 (metallic)",
        "Pad 7 (halo)",
        "Pad 8 (sweep)",
    ),
    "Synth Effects": (
        "FX 1 (rain)",
        "FX 2 (soundtrack)",
        "FX 3 (crystal)",
        "FX 4 (atmosphere)",
        "FX 5 (brightness)",
        "FX 6 (goblins)",
        "FX 7 (echoes)",
        "FX 8 (sci-fi)",
    ),
    "Ethnic": (
        "Sitar",
        "Banjo",
        "Shamisen",
        "Koto",
        "Kalimba",
        "Bagpipe",
        "Fiddle",
        "Shanai",
    ),
    "Percussive": (
        "Tinkle Bell",
        "Agogo",
        "Steel Drums",
        "Woodblock",
        "Taiko Drum",
        "Melodic Tom",
        "Synth Drum",
        "Reverse Cymbal",
    ),
    "Sound Effects": (
        "Guitar Fret Noise",
        "Breath Noise",
        "Seashore",
        "Bird Tweet",
        "Telephone Ring",
        "Helicopter",
        "Applause",
        "Gunshot",
    ),
}

# Lowest and highest MIDI pitch of each program, family by family: General MIDI Level 2 (MMA
# RP-024, 2003), appendix A, "recommended note range". The last line, sound effects, has none.
_RANGES = (
    ((21, 108), (21, 108), (21, 108), (21, 108), (28, 103), (28, 103), (41, 89), (36, 96)),
    ((60, 108), (72, 108), (60, 84), (53, 89), (48, 84), (65, 96), (60, 77), (60, 84)),
    ((36, 96), (36, 96), (36, 96), (21, 108), (36, 96), (53, 89), (60, 84), (53, 89)),
    ((40, 84), (40, 84), (40, 86), (40, 86), (40, 86), (40, 86), (40, 86), (40, 86)),
    ((28, 55), (28, 55), (28, 55), (28, 55), (28, 55), (28, 55), (28, 55), (28, 55)),
    ((55, 93), (48, 84), (36, 72), (28, 55), (28, 93), (28, 93), (23, 103), (36, 57)),
    ((28, 96), (28, 96), (36, 96), (36, 96), (48, 79), (48, 79), (48, 84), (48, 72)),
    ((58, 94), (34, 75), (29, 55), (58, 82), (41, 77), (36, 96), (36, 96), (36, 96)),
    ((54, 87), (49, 80), (42, 75), (37, 68), (58, 91), (52, 81), (34, 72), (50, 91)),
    ((74, 108), (60, 96), (60, 96), (60, 96), (60, 96), (55, 84), (60, 96), (60, 84)),
    ((21, 108), (21, 108), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (21, 108)),
    ((36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96)),
    ((36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96)),
    ((48, 77), (48, 84), (50, 79), (55, 84), (48, 79), (36, 77), (55, 96), (48, 72)),
    ((72, 84), (60, 72), (52, 76), (0, 127), (0, 127), (0, 127), (0, 127), (0, 127)),
    ((0, 127), (0, 127), (0, 127), (0, 127), (0, 127), (0, 127), (0, 127), (0, 127)),
)

SOUNDING_RANGES = tuple(pitches for family in _RANGES for pitches in family)
"""Lowest and highest pitch at which each of the 128 programs sounds like the instrument."""

_DRUMS_FROM_35 = (
    "Acoustic Bass Drum",
    "Bass Drum 1",
    "Side Stick",
    "Acoustic Snare",
    "Hand Clap",
    "Electric Snare",
    "Low Floor Tom",
    "Closed Hi-Hat",
    "High Floor Tom",
    "Pedal Hi-Hat",
    "Low Tom",
    "Open Hi-Hat",
    "Low-Mid Tom",
    "Hi-Mid Tom",
    "Crash Cymbal 1",
    "High Tom",
    "Ride Cymbal 1",
    "Chinese Cymbal",
    "Ride Bell",
    "Tambourine",
    "Splash Cymbal",
    "Cowbell",
    "Crash Cymbal 2",
    "Vibraslap",
    "Ride Cymbal 2",
    "Hi Bongo",
    "Low Bongo",
    "Mute Hi Conga",
    "Open Hi Conga",
    "Low Conga",
    "High Timbale",
    "Low Timbale",
    "High Agogo",
    "Low Agogo",
    "Cabasa",
    "Maracas",
    "Short Whistle",
    "Long Whistle",
    "Short Guiro",
    "Long Guiro",
    "Claves",
    "Hi Wood Block",
    "Low Wood Block",
    "Mute Cuica",
    "Open Cuica",
    "Mute Triangle",
    "Open Triangle",
)

DRUM_NAMES = dict(enumerate(_DRUMS_FROM_35, 35))
"""Key 35..81: drum (General MIDI Level 1, table 3)."""

FAMILY_NAMES = tuple(_SOUND_SET)
"""The 16 families, in order of program number."""

PROGRAM_NAMES = tuple(name for names in _SOUND_SET.values() for name in names)
"""The 128 programs."""


def family_of(program: int) -> int:
    """Number of the family, 0..15, that ``program`` belongs to.

    Raises
    ------
    ConfigError : program is not 0..127.

    Examples
    --------
    >>> FAMILY_NAMES[family_of(40)]
    'Strings'
    """
    if not 0 <= program < len(PROGRAM_NAMES):
        raise ConfigError(f"program must be 0..{len(PROGRAM_NAMES) - 1}, got {program}")
    return program // PROGRAMS_A_FAMILY


def instrument_name(program: int, is_drum: bool = False) -> str:
    """What a track with this program is called; a drum track has no program of its own.

    Raises
    ------
    ConfigError : program is not 0..127.
    """
    family_of(program)
    return "Drums" if is_drum else PROGRAM_NAMES[program]
