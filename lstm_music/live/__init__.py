"""Live playing: a session that takes timed MIDI events and gives timed MIDI events, and ports."""
