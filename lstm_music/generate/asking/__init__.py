"""What one can ask: the table of controls, the request made from it, and what cannot be done."""
