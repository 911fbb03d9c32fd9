"""Learning without gradients: Evolino, evolution strategies, CMA-ES, genetic algorithms.

Examples
--------
>>> import numpy as np
>>> import lstm_music as lm
>>> t = np.arange(400.0)[:, None]
>>> evolved = lm.evolution.evolino(np.sin(0.2 * t), hidden_size=8, scale=0.001, generations=2)
>>> miss = evolved.go_on(np.sin(0.2 * t), 5)[:, 0] - np.sin(0.2 * np.arange(400, 405))
>>> bool(abs(miss).max() < 0.1)
True
"""

from __future__ import annotations

from lstm_music.evolution.covariance import CovarianceSearch
from lstm_music.evolution.evolving import Evolved, cma, es, evolino, ga
from lstm_music.evolution.genetic import GeneticAlgorithm
from lstm_music.evolution.readout import pseudo_inverse, ridge
from lstm_music.evolution.run import Found, Generation, minimise, read_found
from lstm_music.evolution.search import Search
from lstm_music.evolution.series import SeriesFitness
from lstm_music.evolution.strategy import EvolutionStrategy
from lstm_music.evolution.subpopulations import SubPopulations
from lstm_music.evolution.support_vectors import (
    support_vector_classes,
    support_vector_regression,
)

__all__ = [
    "evolino",
    "es",
    "cma",
    "ga",
    "minimise",
    "read_found",
    "Evolved",
    "Found",
    "Generation",
    "Search",
    "EvolutionStrategy",
    "CovarianceSearch",
    "GeneticAlgorithm",
    "SubPopulations",
    "SeriesFitness",
    "pseudo_inverse",
    "ridge",
    "support_vector_regression",
    "support_vector_classes",
]
