"""From folders of music to a cache: find, read, tokenise, record, finish."""
