"""Fills, continues or varies the selected clip of Ableton Live, through AbletonOSC.

AbletonOSC is a remote script that lets other programs into Live: it listens at port 11000 and
answers at 11001. Each take becomes a clip of its own in a free slot of the track; the selected clip
stays as it is. Run with ``python -m lstm_music.daw.ableton_osc``.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from typing import Any, NamedTuple

import click

from lstm_music import client
from lstm_music.errors import ConfigError

LIVE_PORT, REPLY_PORT = 11000, 11001
HOST = "127.0.0.1"

_ANSWER_SECONDS = 3.0
_NOTES_A_MESSAGE = 100
_STEPS = 24


class Note(NamedTuple):
    """A note as AbletonOSC tells it: times in quarter notes from where the clip begins."""

    pitch: int
    start: float
    duration: float
    velocity: int
    mute: bool


class Live(AbstractContextManager["Live"]):
    """Live, asked by AbletonOSC.

    Raises
    ------
    ConfigError : python-osc is missing, the port is taken, or Live does not answer.
    """

    def __init__(self, port: int = LIVE_PORT, reply_port: int = REPLY_PORT) -> None:
        try:
            from pythonosc.dispatcher import Dispatcher
            from pythonosc.osc_message_builder import OscMessageBuilder
            from pythonosc.osc_server import BlockingOSCUDPServer
        except ImportError as error:
            raise ConfigError("python-osc is missing; pip install 'lstm_music[serve]'") from error
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(self._heard)
        try:
            self._server = BlockingOSCUDPServer((HOST, reply_port), dispatcher)
        except OSError as error:
            raise ConfigError(
                f"port {reply_port} is taken ({error.strerror}): another program uses AbletonOSC"
            ) from error
        self._answers: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue()
        self._new_message = OscMessageBuilder
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((HOST, port))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._socket.close()

    def _heard(self, address: str, *values: Any) -> None:
        self._answers.put((address, values))

    def send(self, address: str, *values: Any) -> None:
        """Ask for something that has no answer."""
        message = self._new_message(f"/live/{address}")
        for value in values:
            message.add_arg(value)
        with suppress(ConnectionRefusedError):  # nobody listens: `ask` says so
            self._socket.send(message.build().dgram)

    def ask(self, address: str, *values: Any) -> tuple[Any, ...]:
        """The answer to a question, less the values that it begins with.

        Raises
        ------
        ConfigError : none comes.
        """
        self.send(address, *values)
        late = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                left = max(late - time.monotonic(), 0)
                heard, answer = self._answers.get(timeout=left)
            except queue.Empty:
                raise ConfigError(
                    f"Live does not answer to /live/{address}: choose AbletonOSC in Live's "
                    "Settings > Link, Tempo & MIDI > Control Surface, and select a slot with a "
                    "MIDI clip"
                ) from None
            if heard == f"/live/{address}":
                return answer[len(values) :]


class Clip(NamedTuple):
    """The selected clip, and the quarter notes of one of its bars."""

    track: int
    slot: int
    notes: tuple[Note, ...]
    length: float
    meter: tuple[int, int]

    @property
    def bar(self) -> float:
        """Quarter notes of a bar."""
        return self.meter[0] * 4 / self.meter[1]


def selected_clip(live: Live) -> Clip:
    """The clip that is selected in Live.

    Raises
    ------
    ConfigError : there is none, or it has no notes.
    """
    track, slot = live.ask("view/get/selected_clip")
    if not live.ask("clip_slot/get/has_clip", track, slot)[0]:
        raise ConfigError("the selected slot has no clip; select one with a MIDI clip")
    flat = live.ask("clip/get/notes", track, slot)
    rows = zip(*[iter(flat)] * 5)
    notes = tuple(Note(int(p), float(s), float(d), int(v), bool(m)) for p, s, d, v, m in rows)
    if not notes:
        raise ConfigError("the selected clip has no notes")
    length = float(live.ask("clip/get/length", track, slot)[0])
    numerator, denominator = (
        int(live.ask(f"song/get/signature_{name}")[0]) for name in ("numerator", "denominator")
    )
    return Clip(track, slot, notes, length, (numerator, denominator))


def params(clip: Clip, task: str, first: int, bars: int, takes: int) -> dict[str, Any]:
    """What the server is asked."""
    rows = [
        {
            "pitch": note.pitch,
            "velocity": max(1, min(note.velocity, 127)),
            "onset_quarters": note.start,
            "duration_quarters": note.duration,
        }
        for note in clip.notes
        if not note.mute
    ]
    meter = {"numerator": clip.meter[0], "denominator": clip.meter[1]}
    request: dict[str, Any] = {"task": task, "n": takes, "bars": f"{first}-{first + bars - 1}"}
    if task == "continue":
        request |= {"task": "generate", "bars": bars}
    elif task == "vary":
        request["keep"] = "rhythm"
    seed = {"piece": {"notes": rows, "meters": [meter]}}
    return {"request": request, "seed": seed, "formats": ["notes"]}


def filled(clip: Clip, take: dict[str, Any]) -> list[Note]:
    """The notes of the clip with those of a take in the open bars."""
    places = [
        (round(place["start_quarters"] * _STEPS), round(place["end_quarters"] * _STEPS))
        for place in take["places"]
    ]

    def is_open(note: Note) -> bool:
        step = (round(note.start * _STEPS * 4) + 2) // 4  # as the server hears it
        return not note.mute and any(start <= step < end for start, end in places)

    new = [
        Note(n["pitch"], n["onset_quarters"], n["duration_quarters"], n["velocity"], False)
        for n in take["notes"]
    ]
    return [note for note in clip.notes if not is_open(note)] + new


def write(live: Live, clip: Clip, take: dict[str, Any], name: str) -> int:
    """Put a take into the next free slot, in a new scene if need be; returns the slot."""
    scenes = int(live.ask("song/get/num_scenes")[0])
    below = range(clip.slot + 1, scenes)
    free = [at for at in below if not live.ask("clip_slot/get/has_clip", clip.track, at)[0]]
    if not free:
        live.send("song/create_scene", -1)
    slot = free[0] if free else scenes
    end = max(place["end_quarters"] for place in take["places"])
    live.send("clip_slot/create_clip", clip.track, slot, max(clip.length, float(end)))
    for some in _portions(filled(clip, take)):
        flat = [value for note in some for value in note]
        live.send("clip/add/notes", clip.track, slot, *flat)
    live.send("clip/set/name", clip.track, slot, name)
    if not live.ask("clip_slot/get/has_clip", clip.track, slot)[0]:
        raise ConfigError(f"Live has made no clip in slot {slot + 1}; is the track frozen?")
    return slot


def _portions(notes: list[Note]) -> Iterable[list[Note]]:
    """So few notes at a time that a message fits into one datagram."""
    return (notes[i : i + _NOTES_A_MESSAGE] for i in range(0, len(notes), _NOTES_A_MESSAGE))


@click.command()
@click.argument("task", type=click.Choice(["infill", "continue", "vary"]))
@click.option("--first", default=5, show_default=True, help="First bar to write.")
@click.option("--bars", default=4, show_default=True, help="How many bars.")
@click.option("--takes", default=3, show_default=True, help="How many clips.")
@click.option("--live-port", default=LIVE_PORT, show_default=True, help="Where AbletonOSC listens.")
@click.option("--reply-port", default=REPLY_PORT, show_default=True, help="Where it answers.")
def main(task: str, first: int, bars: int, takes: int, live_port: int, reply_port: int) -> None:
    """Compose in the selected clip of Ableton Live, which needs AbletonOSC."""
    try:
        with Live(live_port, reply_port) as live, client.connect() as server:
            clip = selected_clip(live)
            answer = server.call("complete", params(clip, task, first, bars, takes))
            for number, take in enumerate(answer["takes"], 1):
                slot = write(live, clip, take, f"{task} {number}")
                click.echo(f"{task} {number}: slot {slot + 1} of track {clip.track + 1}")
    except (ConfigError, client.ServerError, client.NoServerError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
