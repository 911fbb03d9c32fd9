"""Files to Pieces and back: ours read and write MIDI, music21 reads every other format."""
