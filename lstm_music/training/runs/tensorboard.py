"""The losses of a run for TensorBoard, through tensorboardX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_music.errors import ConfigError
from lstm_music.training.progress import Progress


class TensorBoard:
    """Writes event files into a folder.

    Raises
    ------
    ConfigError : tensorboardX is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ConfigError(
                f"tensorboardX cannot be imported ({error}): pip install 'lstm_music[tensorboard]'"
            ) from None
        self._writer: Any = SummaryWriter(str(folder))

    def log(self, progress: Progress) -> None:
        """Note where the run stands."""
        for name in ("train_loss", "valid_loss", "learning_rate", "gradient_norm"):
            self._writer.add_scalar(name, getattr(progress, name), progress.tokens)
        self._writer.flush()
