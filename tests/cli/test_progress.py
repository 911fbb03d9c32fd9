"""What a training run says on stderr."""

import math

import pytest

from lstm_music.cli.progress import training_display
from lstm_music.training.progress import Progress

BEGUN = Progress(0, 0, 1000, math.nan, 8.5, 8.5, 0.0, math.nan, True)
GOING_ON = Progress(3, 500, 1000, 3.25, math.nan, math.nan, 0.003, 1.0, False)
VALIDATED = Progress(6, 1000, 1000, 2.5, 2.75, 2.6, 0.1, 1.0, True)


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (BEGUN, "  0.0 %  held out 8.5000 (best 8.5000) nats a token, rate 0"),
        (GOING_ON, " 50.0 %  loss 3.2500 nats a token, rate 0.003"),
        (
            VALIDATED,
            "100.0 %  loss 2.5000, held out 2.7500 (best 2.6000) nats a token, rate 0.1",
        ),
    ],
)
def test_losses_come_with_their_unit(capsys, progress, line):
    with training_display() as display:
        display.update(progress)
    assert capsys.readouterr().err == f"{line}\n"
