"""The bundled model, as package data."""
