"""Instruments: their programs, names and drum keys, and what players can reach."""
