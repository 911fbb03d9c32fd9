"""Inside the network: what its gates and states do while it reads a piece."""
