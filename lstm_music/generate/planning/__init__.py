"""From a request to a plan: what stands, what is open, which rules hold, what the network reads."""
