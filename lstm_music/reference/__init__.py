"""Every kernel once more in readable NumPy: the definition of correct."""
