"""One interface over the compiled kernels and the NumPy reference."""
