"""What a listener finds in notes alone: beats, meter, pickup, roles, voices, drum parts."""
