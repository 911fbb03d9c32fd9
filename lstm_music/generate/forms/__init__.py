"""Form: which bars return, how they are written, and how a piece ends."""
