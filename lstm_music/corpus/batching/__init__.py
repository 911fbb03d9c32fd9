"""From a cache to chunks to learn from: variations, masks, batches, made ahead."""
