"""What a player sees, and what a script reads."""

import io
import json
import threading

import pytest
from live_playing import SCALE, Played, melody
from rich.console import Console
from small_composers import EVERYTHING, random_composer

import lstm_music as lm
from lstm_music.live.composing import Ask, Stream, Threaded
from lstm_music.live.settings import Settings
from lstm_music.live.view import JsonView, TerminalView
from lstm_music.music.piece import Piece, Track, make_notes


class Port:
    names = "Keystation, FluidSynth (test)"


@pytest.fixture(scope="module")
def played():
    return Played(random_composer(met=EVERYTHING), Settings(bars=2), melody(100), 8)


def test_the_terminal_shows_ports_bar_mode_tempo_and_phrase(played):
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
    with TerminalView(console) as view:
        for event in played.news:
            view.tell(event)
        view.tell({"event": "error", "message": "temperature must be more"})
        view.show(played.session, Port, 7.5)
    seen = console.file.getvalue()
    for text in ("Keystation, FluidSynth", "answer, 4/4", "100.", "found", "beat", "rng_seed 3"):
        assert text in seen
    for name in ("C4", "D4", "E4", "F4", "G4"):
        assert f"{name} " in seen
    assert seen.count("▬") >= len(SCALE)
    assert "temperature must be more" in seen


def test_a_script_reads_a_line_for_each_event_and_bar(played):
    lines = []
    view = JsonView(lines.append)
    for now in (7.5, 7.6, 9.9):
        view.show(played.session, Port, now)
    for event in played.news:
        view.tell(event)
    found = [json.loads(line) for line in lines]
    assert [one["event"] for one in found[:2]] == ["bar", "bar"]
    assert found[1]["bar"] == found[0]["bar"] + 1
    assert {"asked", "note"} <= {one["event"] for one in found}
    assert all(one["seconds"] == found[1]["seconds"] for one in found[2:])


def _ask(**controls):
    rows = [(24 * i, 24, pitch, 80, 0) for i, pitch in enumerate(SCALE)]
    piece = Piece(notes=make_notes(rows), tracks=(Track(),), length_steps=192)
    return Ask(piece, 96, 2, frozenset({0}), controls={"rng_seed": 1, **controls})


def test_a_thread_writes_what_is_written_at_once_and_no_further_than_asked():
    composer, ask = random_composer(met=EVERYTHING), _ask()
    whole = list(Stream(composer, ask))
    assert whole[0][0] >= ask.start_steps == 288
    opened = threading.Event()

    def open_stream():
        opened.set()
        return Stream(composer, ask)

    writing = Threaded(open_stream, pytest.fail)
    found = []
    until = whole[0][0] + 1
    while not found:
        found += writing.until(until)
    assert opened.is_set()
    assert not writing.is_done
    assert found == [row for row in whole if row[0] < until][: len(found)]
    while not writing.is_done:
        found += writing.until(float("inf"))
    assert found == whole


@pytest.mark.parametrize(
    ("fault", "said"),
    [(lm.ConfigError("no such scale"), "no such scale"), (KeyError("x"), "unexpected KeyError")],
)
def test_what_goes_wrong_in_the_thread_is_told(fault, said):
    told = []

    def open_stream():
        raise fault

    writing = Threaded(open_stream, told.append)
    writing.join(5)
    assert writing.is_done
    assert said in told[0]


def test_a_writing_that_is_cancelled_ends_and_a_change_on_the_way_is_obeyed():
    composer = random_composer(met=EVERYTHING)
    writing = Threaded(lambda: Stream(composer, _ask()), pytest.fail)
    writing.cancel()
    writing.join(5)
    assert writing.is_done
    assert writing.until(float("inf")) == []
    said = []
    writing = Threaded(lambda: Stream(composer, _ask()), said.append)
    found = writing.until(288)
    writing.change({"pitch_range": (60, 62), "bars": 3})
    while not writing.is_done:
        found += writing.until(float("inf"))
    assert all(60 <= row[2] <= 62 for row in found[2:])
    assert said == []
