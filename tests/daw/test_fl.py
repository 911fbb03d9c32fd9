"""The FL Studio script in a stand-in of FL Studio (fl/flpianoroll.py), with a real server."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serve_process import running

HERE = Path(__file__).parent / "fl"
PPQ = 96
BAR = 4 * PPQ
TIME, COLOR = 1, 7  # in the rows of a note


@pytest.fixture(scope="module")
def play(scripts, tmp_path_factory):
    """What has become of a piano roll after each change of the controls."""
    home = tmp_path_factory.mktemp("fl")
    folder = home / "FL Studio/Settings/Piano roll scripts"
    shutil.copytree(scripts("fl"), folder)
    with running("--exchange", folder / "lstm_music", "--workers", 1):

        def run(notes, *changes):
            command = [sys.executable, str(HERE / "drive.py")]
            command += [str(folder / "LSTM Music.pyscript"), str(folder)]
            scenario = json.dumps({"notes": notes, "changes": list(changes)})
            done = subprocess.run(
                command,
                input=scenario,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
                env={"PYTHONPATH": str(HERE), "FL_STUDIO_USER_DATA_DIR": str(home)},
            )
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        yield run


def melody(bars):
    """Eighths, each with something that only FL Studio knows."""
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    return [
        {
            "number": scale[(3 * i * i + i // 5) % 8],
            "time": i * 48 + i % 2,
            "length": 40,
            "velocity": 0.5 + i % 5 / 10,
        }
        | {"color": i % 16, "fcut": 0.25, "pitchofs": i % 3, "group": i % 4}
        for i in range(bars * 8)
    ]


def within(rows, first, last):
    """Of bars from 0; the notes of odd numbers are played a tick late."""
    return [row for row in rows if first * BAR <= row[TIME] < last * BAR]


def test_infill_touches_no_note_outside_the_bars(play):
    told = play(melody(8), {"Temperature": 1.7}, {"Take": 2.0}, {"Take": 1.0})
    before = told["before"]
    assert [one["shown"] for one in told["results"]] == [[], [], []]
    first, second, again = (one["notes"] for one in told["results"])
    for after in (first, second):
        kept = [row for row in before if row not in within(before, 4, 8)]
        assert after[: len(kept)] == kept
        assert after[len(kept) :] == within(after, 4, 8)
        assert within(after, 4, 8) != within(before, 4, 8)
    assert first != second
    assert first == again, "a take is the same when it is shown again"


def test_continue_and_vary(play):
    told = play(
        melody(4),
        {"Task": 1.0, "Bars": 2.0},
        {"Task": 2.0, "From bar": 2.0, "Bars": 1.0, "Temperature": 1.8},
    )
    before = told["before"]
    more, varied = (one["notes"] for one in told["results"])
    assert more[: len(before)] == before
    assert more[len(before) :] == within(more, 4, 6)
    onsets = sorted(row[TIME] // 48 for row in varied)
    assert onsets == sorted(row[TIME] // 48 for row in before)
    assert within(varied, 2, 4) == within(before, 2, 4)


def test_slides_and_muted_notes_stay(play):
    notes = melody(8)
    special = {"number": 50, "time": 5 * BAR, "length": 40}
    notes += [special | {"slide": True}, special | {"muted": True}]
    told = play(notes, {"From bar": 5.0})
    after = told["results"][0]["notes"]
    assert [row for row in after if row in told["before"][-2:]] == told["before"][-2:]


def test_what_cannot_be_done_is_said(play):
    assert "no notes" in play([], {})["results"][0]["shown"][0]
    told = play(melody(2), {"From bar": 30.0})
    assert told["results"][0]["notes"] == told["before"]
    assert "LSTM Music: " in told["results"][0]["shown"][0]
