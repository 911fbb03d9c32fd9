"""`lstm-music`: the command group, lazy commands, and the exit codes.

Exit codes: 0 ok · 1 unexpected, or the claim of a paper's task does not hold · 2 usage, or an
output that cannot be written · 3 unreadable input · 4 bad or incompatible model · 5 device not
available · 6 output exists · 74 a run's last state could not be saved · 75 another process trains
there · 130 interrupted · 141 broken pipe · 128 + n ended by signal n.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

import click

from lstm_music import __version__, errors
from lstm_music.cli.streams import ReaderGoneError, guard_standard_streams
from lstm_music.cli.wording import as_typed, option_names

# Command: (module, one line for --help). The module is imported when its command runs.
_COMMANDS = {
    "generate": ("lstm_music.cli.generate", "Continue a MIDI file, or compose from nothing."),
    "infill": ("lstm_music.cli.infill", "Rewrite some bars of some tracks."),
    "accompany": ("lstm_music.cli.accompany", "Add new tracks to a music file."),
    "vary": ("lstm_music.cli.vary", "Rewrite bars, but keep their rhythm, pitches or outline."),
    "again": ("lstm_music.cli.again", "Make a result again, byte for byte."),
    "train": ("lstm_music.cli.train", "Train a model on your own music."),
    "tune": ("lstm_music.cli.tune", "Move a model towards your taste by rewards."),
    "corpus": ("lstm_music.cli.corpus", "Scan folders of music, or build a cache of them."),
    "config": ("lstm_music.cli.config", "Write or check a file of training settings."),
    "evaluate": ("lstm_music.cli.evaluate", "Score a model on held-out music, beside n-grams."),
    "inspect": ("lstm_music.cli.inspect", "Show what a file or a model holds, or its gates."),
    "metrics": ("lstm_music.cli.metrics", "Print musical statistics of files."),
    "novelty": ("lstm_music.cli.novelty", "Find the longest copied run of notes in a file."),
    "judge": ("lstm_music.cli.judge", "Test whether a classifier can tell samples from music."),
    "report": ("lstm_music.cli.report", "Show a model or run on one page, with its samples."),
    "plot": ("lstm_music.cli.plot", "Draw a piano roll of a music file."),
    "reproduce": ("lstm_music.cli.reproduce", "Run the papers' tasks, our figures beside theirs."),
    "serve": ("lstm_music.cli.serve", "Compose for other programs: HTTP, TCP, OSC, stdio."),
    "install-daw": ("lstm_music.cli.install_daw", "Copy our script to where a DAW looks for it."),
    "studio": ("lstm_music.cli.studio", "Compose on a page in the browser."),
    "live": ("lstm_music.cli.live", "Play with the composer over MIDI: it answers, or follows."),
    "bench": ("lstm_music.cli.bench", "Compare our speed with that of other programs."),
    "info": ("lstm_music.cli.info", "Show versions, instruction set and bundled models."),
}

_EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.ModelFileError, 4),
    (errors.BackendError, 5),
    (errors.OutputExistsError, 6),
    (errors.UnsavedError, 74),
    (errors.RunLockedError, 75),
    (errors.OutputError, 2),
    (errors.MidiError, 3),
    (errors.TokenError, 3),
    (errors.ConfigError, 2),
    (errors.ShapeError, 2),
)
_OBJECTS_A_COLLECTION = 50_000

EXIT_UNEXPECTED = 1
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class LazyGroup(click.Group):
    """A group that imports a command's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of their help lines."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="lstm_music")
def cli() -> None:
    """Compose with an LSTM: a MIDI file goes in, music that continues it comes out.

    \b
    lstm-music generate --seed tune.mid --bars 8 -o more.mid
    lstm-music generate --meter 6/8 --key "D minor" --tempo 96 --bars 16
    lstm-music train my_midi_folder -o my.safetensors
    """


def exit_code(error: BaseException) -> int:
    """The documented exit code of an error (see the module's docstring)."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), EXIT_UNEXPECTED)


def _command_of(args: list[str] | None) -> click.Command:
    """The command that some arguments name."""
    command: click.Command = cli
    for word in sys.argv[1:] if args is None else args:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word) or command
    return command


def _complain(message: str) -> None:
    click.echo(f"lstm-music: {message}", err=True)


def run(args: list[str] | None = None) -> int:
    """Run the command line; return its exit code. Never lets a traceback out."""
    try:
        outcome: Any = cli.main(args=args, prog_name="lstm-music", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk can still be told
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted")
        return EXIT_INTERRUPTED
    except ReaderGoneError:
        return EXIT_BROKEN_PIPE
    except errors.LstmMusicError as error:
        _complain(as_typed(" ".join(str(error).split()), option_names(_command_of(args))))
        return exit_code(error)
    except Exception as error:  # the last resort: one line, the traceback on request
        if os.environ.get("LSTM_MUSIC_TRACEBACK") == "1":
            raise
        _complain(
            f"unexpected {type(error).__name__}: {error}. This is a bug: please report it; "
            "LSTM_MUSIC_TRACEBACK=1 shows where it arose"
        )
        return EXIT_UNEXPECTED
    return outcome if isinstance(outcome, int) else 0


def main() -> None:
    """Entry point of the ``lstm-music`` script."""
    # Imports make many objects and hardly any garbage: to look for it in every 700 of them takes a
    # tenth of the start. Rings of larger work are still found.
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    # NumPy would start a thread a core, for products that are too small here to share.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    guard_standard_streams()
    code = run()
    # A process that ends gives all its memory back at once. Without this Python would first look
    # through every module for garbage, which takes a tenth of a short command.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
