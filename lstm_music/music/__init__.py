"""Music theory and the Piece: notes, grid, meters, keys, instruments. Knows no network."""
