"""`lstm-music serve`: compose for other programs, over standard streams, TCP, HTTP and OSC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from lstm_music.cli import run_options

_HTTP_PORT = 8765
_PORT = click.IntRange(0, 65535)


@click.command()
@click.option("--stdio", is_flag=True, help="JSON lines on the standard streams.")
@click.option("--tcp", type=_PORT, metavar="PORT", help="JSON lines over TCP; 0: a free port.")
@click.option(
    "--http",
    type=_PORT,
    metavar="PORT",
    help=f"HTTP with server-sent events. Default without any other way in: {_HTTP_PORT}.",
)
@click.option("--osc", type=_PORT, metavar="PORT", help="OSC over UDP, on this machine alone.")
@click.option(
    "--osc-reply",
    type=_PORT,
    metavar="PORT",
    help="Send OSC answers to this port. Default: the port that asked.",
)
@click.option(
    "--shared",
    is_flag=True,
    help="Be the server that lstm_music.client finds: one for all programs of this user. Ends "
    "after half an hour without a call, unless --idle-minutes says otherwise.",
)
@click.option(
    "--exchange",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Take calls as files in this folder, for programs without sockets. Repeatable.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--token",
    envvar="LSTM_MUSIC_TOKEN",
    help="Secret of trusted clients, 16 characters or more. Required with --host. "
    "[env: LSTM_MUSIC_TOKEN]",
)
@click.option("--allow-host", multiple=True, metavar="NAME", help="Another name of this server.")
@click.option(
    "--allow-origin", multiple=True, metavar="URL", help="A site whose pages may call over HTTP."
)
@click.option(
    "--files",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Clients without the token may name music files in this folder; OSC writes into it.",
)
@click.option(
    "--static", type=click.Path(path_type=Path), metavar="FOLDER", help="A page to show at /."
)
@run_options.model
@run_options.precision
@click.option("--workers", type=click.IntRange(1, 64), help="How many requests to compose at once.")
@click.option("--max-seconds", type=click.FloatRange(min=0.1), help="Time limit of one request.")
@click.option(
    "--idle-minutes", type=click.FloatRange(min=0), help="End after this time without a call."
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object.")
def command(**options: Any) -> None:
    """Compose for other programs: DAWs, patches, web pages, scripts.

    \b
    lstm-music serve                     # HTTP at http://127.0.0.1:8765/api
    lstm-music serve --stdio             # JSON lines: {"id": 1, "method": "complete", "params": {}}
    lstm-music serve --tcp 8766 --osc 8767 --osc-reply 8768
    lstm-music serve --shared            # the one that lstm_music.client finds, or starts

    docs/serve.md describes the protocol. Only programs on this machine can connect, unless you
    give --host. Ctrl-C ends it.
    """
    from lstm_music.serve.limits import Limits, usual_workers
    from lstm_music.serve.run import Settings, run

    http = options["http"]
    if all(options[name] is None for name in ("http", "tcp", "osc")):
        others = options["stdio"] or options["shared"] or options["exchange"]
        http = None if others else _HTTP_PORT
    idle = options["idle_minutes"]
    if idle is None and options["shared"]:
        idle = 30
    usual = Limits(workers=options["workers"] or usual_workers())
    limits = Limits(
        workers=usual.workers, compose_seconds=options["max_seconds"] or usual.compose_seconds
    )
    settings = Settings(
        http=http,
        hosts=tuple(options["allow_host"]),
        origins=tuple(options["allow_origin"]),
        idle_seconds=None if idle is None else idle * 60,
        limits=limits,
        **{name: options[name] for name in _AS_THEY_ARE},
    )
    run(settings, lambda addresses: _show(addresses, settings, as_json=options["as_json"]))


_AS_THEY_ARE = (
    "stdio",
    "tcp",
    "osc",
    "osc_reply",
    "host",
    "token",
    "files",
    "static",
    "exchange",
    "shared",
    "model",
    "precision",
)


def _show(addresses: dict[str, tuple[str, int]], settings: Any, *, as_json: bool) -> None:
    """Say where the server listens; on standard error, which is never part of the protocol."""
    if as_json:
        where: dict[str, Any] = {
            name: {"host": host, "port": port} for name, (host, port) in addresses.items()
        }
        if settings.exchange:
            where["exchange"] = [str(folder) for folder in settings.exchange]
        click.echo(json.dumps(where), err=settings.stdio)
        return
    for name, (host, port) in addresses.items():
        shown = f"[{host}]" if ":" in host else host
        path = "/api" if name == "http" else ""
        click.echo(f"{name}://{shown}:{port}{path}", err=True)
    for folder in settings.exchange:
        click.echo(f"files: {folder}", err=True)
    if settings.stdio:
        click.echo("stdio: one JSON object a line", err=True)
