"""The backend on an NVIDIA GPU, through CuPy; docs/gpu.md."""
