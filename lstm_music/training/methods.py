"""Which trainer a method of learning has."""

from __future__ import annotations

from lstm_music.training.loop import Trainer


def trainer_type(method: str) -> type[Trainer]:
    """The trainer of ``TrainConfig.method``; docs/adr/0001: the others stand in a room beside."""
    if method == "bptt":
        return Trainer
    from lstm_music.evolution.trainers import TRAINERS

    return TRAINERS[method]
