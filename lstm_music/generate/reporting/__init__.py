"""The report: what was asked of a piece, what came out, and whether it holds."""
