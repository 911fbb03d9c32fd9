"""What asv measures at each commit: docs/speed.md."""
