"""A run told on one page: losses, samples, how they compare with real music."""
