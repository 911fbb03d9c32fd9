"""`lstm-music live`: play with the composer, over MIDI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli import run_options

if TYPE_CHECKING:
    from lstm_music.live.ports.port import Port
    from lstm_music.live.settings import Settings


@click.command()
@click.option(
    "--mode",
    type=click.Choice(("answer", "follow", "endless")),
    default="answer",
    show_default=True,
    help="Answer what you play, follow it with other instruments, or go on without end.",
)
@click.option(
    "--turns",
    type=click.Choice(("phrase", "bar")),
    default="phrase",
    show_default=True,
    help="Answer when you rest, or after a fixed number of bars.",
)
@click.option(
    "--bars", type=click.IntRange(1, 64), help="Bars of each turn. Default: as long as your phrase."
)
@click.option(
    "--rest",
    type=click.FloatRange(0.1, 32),
    default=1.0,
    show_default=True,
    metavar="BEATS",
    help="How long a rest ends a phrase, in quarter notes.",
)
@click.option("--with", "with_", metavar="NAMES", help="Instruments that follow: bass,drums.")
@click.option("--instrument", metavar="NAME", help="Your instrument. Default: piano.")
@click.option(
    "--channel",
    type=click.IntRange(1, 16),
    default=1,
    help="MIDI channel of the answers. Default: 1.",
)
@click.option("--meter", default="4/4", show_default=True, help="Meter of all bars.")
@click.option(
    "--tempo",
    type=click.FloatRange(20, 400),
    help="Quarter notes a minute. Default: from a MIDI clock, else found in what you play.",
)
@click.option("--sync", is_flag=True, help="Wait for a MIDI clock to start, and follow it.")
@click.option("--send-clock", is_flag=True, help="Send a MIDI clock for other programs to follow.")
@click.option(
    "--seed", type=click.Path(path_type=Path), help="For endless: a music file to continue."
)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a control: temperature=0.8."
)
@click.option(
    "--learn",
    metavar="NAMES",
    help="Give each of these controls a knob: turn the knobs in this order.",
)
@click.option(
    "--knobs",
    type=click.Path(path_type=Path),
    help="File that says what each knob controls. Default: one in your user folder.",
)
@click.option(
    "--osc",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Take commands over OSC at this port.",
)
@click.option(
    "--stdin",
    "from_stdin",
    is_flag=True,
    help="Take commands from standard input, one per line: panic, set NAME VALUE.",
)
@click.option(
    "--backend",
    type=click.Choice(("rtmidi", "jack")),
    default="rtmidi",
    show_default=True,
    help="jack (Linux) is exact to the frame.",
)
@click.option(
    "--in", "source", metavar="PORT", help="Listen to this port. Default: open one of its own."
)
@click.option(
    "--out", "target", metavar="PORT", help="Play on this port. Default: open one of its own."
)
@click.option(
    "--name", default="lstm_music", show_default=True, help="Name of the ports that it opens."
)
@click.option("--list", "list_ports", is_flag=True, help="List the ports and exit.")
@run_options.model
@run_options.precision
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line.")
def command(**options: Any) -> None:
    """Play with the composer: it answers, follows or goes on, over MIDI.

    \b
    lstm-music live --list
    lstm-music live --in Keystation --out FLUID           # it answers each phrase
    lstm-music live --mode follow --with bass,drums --tempo 100
    lstm-music live --mode endless --seed tune.mid --backend jack

    Ctrl-C ends it and silences every note. docs/live.md shows how to play with it.
    """
    from lstm_music.live.ports.port import PortNames

    if options["list_ports"]:
        _list(options["backend"], as_json=options["as_json"])
        return
    dials = _dials(options)
    settings = _settings(options, dials.values.get("tempo_bpm"))
    names = PortNames(options["name"], options["source"], options["target"])
    port = _open(options["backend"], names)
    try:
        _play(settings, dials, port, options)
    finally:
        port.close()


def _list(backend: str, *, as_json: bool) -> None:
    if backend == "jack":
        from lstm_music.live.ports.jack import jack_port_names as port_names
    else:
        from lstm_music.live.ports.rtmidi import rtmidi_port_names as port_names
    sources, targets = port_names()
    if as_json:
        click.echo(json.dumps({"in": sources, "out": targets}))
        return
    for name in sources:
        click.echo(f"in   {name}")
    for name in targets:
        click.echo(f"out  {name}")


def _open(backend: str, names: Any) -> Port:
    if backend == "jack":
        from lstm_music.live.ports.jack import JackPort

        return JackPort(names)
    from lstm_music.live.ports.rtmidi import RtmidiPort

    return RtmidiPort(names)


def _dials(options: dict[str, Any]) -> Any:
    from lstm_music.errors import ConfigError
    from lstm_music.live.commands import words_of
    from lstm_music.live.dials import Dials, usual_path

    dials = Dials(path=options["knobs"] or usual_path())
    for text in options["settings"]:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set must look like temperature=0.8, got {text!r}")
        dials.set(name.strip(), words_of(f"set {name} {value}")[-1])
    for name in (options["learn"] or "").split(","):
        if name.strip():
            dials.learn(name.strip())
    return dials


def _settings(options: dict[str, Any], tempo_bpm: float | None) -> Settings:
    from lstm_music.live.settings import Settings
    from lstm_music.midi.files import read
    from lstm_music.music.instruments.names import programs_named
    from lstm_music.music.meter import Meter
    from lstm_music.music.piece import Track

    def tracks(names: str | None) -> tuple[Track, ...]:
        programs = [one.programs[0] for one in programs_named(names)] if names else []
        return tuple(Track(0 if p == 128 else p, p == 128) for p in programs)

    own = tracks(options["instrument"])
    return Settings(
        mode=options["mode"],
        turns=options["turns"],
        bars=options["bars"],
        meter=Meter.parse(options["meter"]),
        tempo_bpm=options["tempo"] or tempo_bpm,
        rest_beats=options["rest"],
        instruments=tracks(options["with_"]),
        program=own[0].program if own else 0,
        channel=options["channel"] - 1,
        seed=None if options["seed"] is None else read(options["seed"]),
        waits_for_clock=options["sync"],
        sends_clock=options["send_clock"],
    )


def _play(settings: Settings, dials: Any, port: Port, options: dict[str, Any]) -> None:
    import contextlib

    from rich.console import Console

    from lstm_music.composer import load
    from lstm_music.live.composing import Stream, Threaded
    from lstm_music.live.osc import OscCommands
    from lstm_music.live.run import lines_of_stdin, run
    from lstm_music.live.session import Session
    from lstm_music.live.view import JsonView, TerminalView

    composer = load(options["model"], precision=options["precision"])
    with contextlib.ExitStack() as stack:
        view: JsonView | TerminalView
        if options["as_json"]:
            view = JsonView(click.echo)
        else:
            view = stack.enter_context(TerminalView(Console(stderr=True)))
        osc = None if options["osc"] is None else OscCommands(options["osc"])
        if osc is not None:
            stack.callback(osc.close)

        def complain(message: str) -> None:
            view.tell({"event": "error", "message": message})

        session = Session(
            settings,
            lambda ask: Threaded(lambda: Stream(composer, ask), complain),
            dials,
            view.tell,
        )
        view.tell({"event": "ready", "ports": port.names, "osc": None if osc is None else osc.port})
        lines = lines_of_stdin() if options["from_stdin"] else None
        run(session, port, view, osc=osc, lines=lines, complain=complain)
