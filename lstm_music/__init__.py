"""LSTM music composition."""
