"""Files to Pieces and back: our scanner reads, mido writes, music21 reads every other format."""
