"""The table of tasks. A new task is a file of this room and a line here."""

from __future__ import annotations

from lstm_music.errors import ConfigError
from lstm_music.reproduce.task import Task

_LINES: tuple[tuple[str, str, str], ...] = (
    # name, line of help, file
    ("embedded-reber", "A grammar within a grammar (1997, experiment 1)", "embedded_reber"),
    ("long-lag", "One symbol over a hundred others (1997, 2a and 2b)", "long_lag"),
    ("long-lag-2c", "One symbol over 1,000 and 5,000 random ones (1997, 2c)", "long_lag_2c"),
    ("adding", "Add two numbers read up to 1,000 steps ago (1997, experiment 4)", "adding"),
    ("multiplication", "Multiply two numbers read long ago (1997, experiment 5)", "multiplication"),
    ("temporal-order", "Which of X and Y came first? (1997, 6a and 6b)", "temporal_order"),
    ("continual-reber", "Grammar without end or reset (Gers 2000)", "continual_reber"),
    ("counting", "a^n b^n c^n beyond the n it was trained on (Gers 2001)", "counting"),
    ("timing", "One cell measures delays, keeps a beat, draws a wave (Gers 2002)", "timing"),
    ("blues", "A twelve-bar form, played on for 1,000 choruses (Eck 2002)", "blues"),
    ("sines", "Go on with 2 to 5 superimposed sines (2007, Evolino)", "sines"),
    ("mackey-glass", "Foretell a chaotic series 84 steps ahead (2007, Evolino)", "mackey_glass"),
    ("polyphony", "Predict the next chord of a piano roll (2012)", "polyphony.task"),
    ("odyssey", "Nine variants of the LSTM on the JSB chorales (2017)", "polyphony.odyssey"),
    ("jsb16", "Four voices at sixteenth notes, in nats a note (2018)", "polyphony.jsb16"),
    ("vanishing-gradient", "How far back the error reaches in each cell", "vanishing_gradient"),
    ("overfit", "One small batch by heart, and an L2 penalty", "overfit"),
    ("next-character", "Seven sonnets, one character at a time", "next_character"),
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
