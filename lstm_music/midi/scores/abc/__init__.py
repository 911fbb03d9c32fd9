"""ABC notation by the standard 2.1, as a music21 stream."""
