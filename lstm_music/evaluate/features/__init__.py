"""About a hundred numbers that describe a piece; none of them tells tempo, key, or instruments."""
