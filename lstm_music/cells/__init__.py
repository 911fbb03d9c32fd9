"""What each LSTM cell is: equations, sizes, source. No numerics."""
