"""`lstm-music studio`: compose on a page in the browser."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import click

from lstm_music.cli import run_options

_USUAL_PORT = 8764  # the same each time: a browser keeps the sessions of a page by its port


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_USUAL_PORT,
    show_default=True,
    help="Port on this machine; 0: a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@run_options.model
@run_options.precision
@click.option("--json", "as_json", is_flag=True, help="Print the address as a JSON object.")
def command(
    file: Path | None, port: int, no_browser: bool, model: str, precision: str, as_json: bool
) -> None:
    """Compose on a page in the browser.

    \b
    lstm-music studio                # an empty page: drop a MIDI or MusicXML file on it
    lstm-music studio song.mid

    The page shows a piano roll. Select bars and rewrite them, continue the piece, accompany or
    vary it, listen to the results, and keep what you like. Everything stays on this machine.
    Ctrl-C ends it.
    """
    from lstm_music.studio.run import run_studio

    def tell(address: str) -> None:
        if as_json:
            click.echo(json.dumps({"url": address}))
        else:
            click.echo(f"The studio is at {address}  (Ctrl-C ends it)", err=True)

    show = _nothing if no_browser else webbrowser.open
    run_studio(file, port=port, model=model, precision=precision, tell=tell, show=show)


def _nothing(address: str) -> None:
    """Show nothing: the user has the address."""
