"""The server: one protocol, docs/serve.md, over standard streams, TCP, OSC and HTTP."""
