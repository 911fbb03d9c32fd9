"""The table of tasks. A new task is a file of this room and a line here."""

from __future__ import annotations

from lstm_music.errors import ConfigError
from lstm_music.reproduce.task import Task

_LINES: tuple[tuple[str, str, str], ...] = (
    # name, line of help, file
    ("adding", "Add two numbers read up to 1,000 steps ago (1997, experiment 4)", "adding"),
    ("polyphony", "Predict the next chord of a piano roll (2012)", "polyphony.task"),
    ("odyssey", "Nine variants of the LSTM on the JSB chorales (2017)", "polyphony.odyssey"),
    ("jsb16", "Four voices at sixteenth notes, in nats a note (2018)", "polyphony.jsb16"),
    ("multiplication", "Multiply two numbers read long ago (1997, experiment 5)", "multiplication"),
    ("temporal-order", "Which of X and Y came first? (1997, 6a and 6b)", "temporal_order"),
)

TASKS: dict[str, Task] = {
    name: Task(name, line, f"{__package__}.{file}") for name, line, file in _LINES
}
"""Every task by name, in the order of the papers."""


def get_task(name: str) -> Task:
    """The task of that name.

    Raises
    ------
    ConfigError : there is none; the message lists those there are.
    """
    if name not in TASKS:
        raise ConfigError(f"no task is called {name!r}; choose from {', '.join(TASKS)}")
    return TASKS[name]
