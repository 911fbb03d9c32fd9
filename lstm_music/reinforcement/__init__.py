"""Policy gradient: a trained model moved towards a taste, and held close to what it was.

Examples
--------
>>> import lstm_music as lm
>>> sorted(lm.reinforcement.REWARDS)[:3]
['density', 'ends_on_tonic', 'even_rhythm']
"""

from lstm_music.reinforcement.api import tune
from lstm_music.reinforcement.rewards import REWARDS, Reward
from lstm_music.reinforcement.taste import Taste

__all__ = ["REWARDS", "Reward", "Taste", "tune"]
