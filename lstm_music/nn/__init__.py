"""The language model: embedding, recurrent stack, head, and its file."""
