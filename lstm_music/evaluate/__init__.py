"""How likely, how musical, how new: likelihoods, baselines, statistics."""
