"""How long a run would take, what it would need, and how much of one fits into a time."""
