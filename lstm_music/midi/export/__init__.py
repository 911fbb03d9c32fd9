"""Pieces as files of other programs: MIDI, MusicXML, sound, tables; by the ending of a name."""
