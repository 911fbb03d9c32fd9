"""Files to Pieces and back: MIDI is read and written here, music21 reads every other format."""
