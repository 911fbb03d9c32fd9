"""The critics of a model file; what they need is imported where one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_music.evaluate.critic import Critic


class Critics:
    """From a style to its critic.

    Parameters
    ----------
    facts : by style, for `lstm_music.evaluate.critic.Critic.from_json`.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = facts
        self.by_style: dict[str, Critic] = {}

    def __call__(self, style: str) -> Critic | None:
        """The critic of a style; None where the model has none.

        Raises
        ------
        ModelFileError : it is damaged.
        """
        if style in self._facts and style not in self.by_style:
            from lstm_music.evaluate.critic import Critic

            self.by_style[style] = Critic.from_json(self._facts[style])
        return self.by_style.get(style)
