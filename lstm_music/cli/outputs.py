"""Where the pieces that a command composes go: names, formats, and nothing lost on the way."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_music.cli.streams import check_output, is_stream, output_paths, write_output
from lstm_music.errors import ConfigError, OutputExistsError

if TYPE_CHECKING:
    from lstm_music.music.piece import Piece

FORMATS = ("mid", "musicxml", "mxl", "wav", "json", "csv")
"""What ``--format`` takes."""

_MIDI_SUFFIX = ".mid"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to be written, as from `plan_outputs`.

    Parameters
    ----------
    paths : a name for each piece; `-` is standard output.
    suffix : what is written, such as ".mid".
    force : whether files of these names may be replaced.
    base : what free names are made of when another process takes one of ``paths`` first; None
        when they were asked for.
    """

    paths: tuple[Path, ...]
    suffix: str
    force: bool
    base: Path | None = None

    def write(
        self,
        pieces: Iterable[Piece],
        *,
        texts: Iterable[str],
        request: Mapping[str, Any] | None = None,
    ) -> list[Path]:
        """Write one file a piece; gives their paths.

        Parameters
        ----------
        pieces : as many as there are ``paths``.
        texts : one a piece; they and ``request`` as of `lstm_music.midi.export.formats.to_bytes`.

        Raises
        ------
        OutputExistsError : a file that was asked for is there by now.
        OutputError : a file cannot be written, or its format needs a program that failed.
        MidiError : a piece holds what MIDI cannot say.
        """
        from lstm_music.midi.export.formats import to_bytes

        return [
            self._write(path, to_bytes(piece, self.suffix, text=text, request=request))
            for path, piece, text in zip(self.paths, pieces, texts, strict=True)
        ]

    def _write(self, path: Path, data: bytes) -> Path:
        if self.base is None:
            write_output(path, data, force=self.force)
            return path
        for name in itertools.chain([path], _names(self.base, len(self.paths))):
            try:
                write_output(name, data, force=False)
            except OutputExistsError:
                continue
            return name
        raise AssertionError("names do not end")


def plan_outputs(
    output: Path | None,
    default: Path,
    n: int,
    *,
    format_name: str | None = None,
    force: bool = False,
    as_json: bool = False,
) -> Outputs:
    """Decide on names and format before the work, and fail now as writing would after it.

    Parameters
    ----------
    output : what was asked for: a file, or `-`; several files are numbered.
    default : the name where nothing was. The next free one is taken (``tune-2.mid``, of several
        files the next free numbers), unless ``force`` is given.
    n : how many files.
    format_name : of `FORMATS`; None: by the ending of the name, MIDI for `-`.
    force : whether files may be replaced.
    as_json : whether a report goes to standard output.

    Raises
    ------
    ConfigError : the name ends otherwise than the format; or as `output_paths`, `check_output`.
    OutputError, OutputExistsError : as `check_output` and `check_format`.

    Examples
    --------
    >>> plan_outputs(None, Path("no-such-tune.mid"), 1, format_name="json").paths[0].name
    'no-such-tune.json'
    """
    from lstm_music.midi.export.formats import check_format

    suffix = _suffix(output, default, format_name)
    check_format(suffix)
    if output is None and not force:
        base = default.with_suffix(suffix)
        outputs = Outputs(tuple(free_paths(base, n)), suffix, force, base)
    else:
        chosen = default.with_suffix(suffix) if output is None else output
        outputs = Outputs(tuple(output_paths(chosen, n)), suffix, force)
    for path in outputs.paths:
        check_output(path, force=force, as_json=as_json)
    return outputs


def free_paths(base: Path, n: int) -> list[Path]:
    """Names for ``n`` new files: as of `output_paths`, but none that is taken.

    Parameters
    ----------
    base : the name of one file; the next one is ``base-2``. Several are numbered, on from the
        highest number there is.
    n : how many.
    """
    free = (path for path in _names(base, n) if not _is_there(path))
    return list(itertools.islice(free, n))


def _names(base: Path, n: int) -> Iterator[Path]:
    """The names that one of ``n`` files may have, in order, without end."""
    if n == 1:
        yield base
        yield from (base.with_name(f"{base.stem}-{i}{base.suffix}") for i in itertools.count(2))
    for i in itertools.count(_last_number(base) + 1):
        yield base.with_name(f"{base.stem}-{i:03d}{base.suffix}")


def _last_number(base: Path) -> int:
    """The highest number of a file that is there under a numbered name; 0 without any."""
    numbered = re.compile(f"{re.escape(base.stem)}-([0-9]{{3,9}}){re.escape(base.suffix)}")
    names = (path.name for path in base.parent.iterdir()) if base.parent.is_dir() else ()
    return max((int(found[1]) for name in names if (found := numbered.fullmatch(name))), default=0)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _suffix(output: Path | None, default: Path, format_name: str | None) -> str:
    """What is written: as ``--format`` says, else as the name ends."""
    named = default if output is None else output
    ending = "" if is_stream(named) else named.suffix.lower()
    if format_name is None:
        return ending or _MIDI_SUFFIX
    suffix = f".{format_name}"
    if output is not None and ending not in {"", suffix} and not _same(ending, suffix):
        raise ConfigError(
            f"--format {format_name} and -o {output} do not go together; leave one out"
        )
    return suffix


def _same(one: str, other: str) -> bool:
    return any({one, other} <= alike for alike in _ALIKE)


_ALIKE = ({".mid", ".midi"}, {".musicxml", ".xml"})
