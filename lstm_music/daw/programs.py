"""The programs that we have scripts for: which files go where, and what the user does then."""

from __future__ import annotations

import os
import re
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True, slots=True)
class Program:
    """One program.

    Parameters
    ----------
    title : its name.
    files : what is copied: the name in the program's folder, and the file under ``SCRIPTS``. A
        patch that goes into an ``.amxd`` becomes a device of Max for Live.
    folders : where the program looks, by ``sys.platform``; "" for all others. ``~`` is the home
        folder, ``%NAME%`` a variable of Windows; ``*`` is the newest of several versions.
    usual : what stands for ``*`` where no version is found.
    then : what to click next; ``{folder}`` is where the files went.
    """

    title: str
    files: Mapping[str, str]
    folders: Mapping[str, str]
    then: str
    usual: str = ""

    def folder(self) -> Path:
        """Where the program looks on this machine."""
        pattern = self.folders.get(sys.platform, self.folders.get("", ""))
        path = re.sub(r"%(\w+)%", lambda found: _windows_folder(found[1]), pattern)
        return _newest(Path(path).expanduser(), self.usual)

    def contents(self) -> dict[str, bytes]:
        """What the files hold, by their names in the program's folder."""
        found = {to: (SCRIPTS / source).read_bytes() for to, source in self.files.items()}
        return {to: _device(data) if to.endswith(".amxd") else data for to, data in found.items()}


def _device(patch: bytes) -> bytes:
    """A patch as a MIDI effect of Max for Live: chunks of a name, a length and so many bytes."""
    chunks = ((b"ampf", b"mmmm"), (b"meta", bytes(4)), (b"ptch", patch + b"\0"))
    return b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)


def _windows_folder(variable: str) -> str:
    usual = {"APPDATA": "~/AppData/Roaming", "LOCALAPPDATA": "~/AppData/Local"}
    return os.environ.get(variable) or usual[variable]


def _newest(path: Path, usual: str) -> Path:
    """Put the newest version that is there in place of the part with a star."""
    for i, part in enumerate(path.parts):
        if "*" in part:
            parent = Path(*path.parts[:i])
            found = sorted((p.name for p in parent.glob(part) if p.is_dir()), key=_version)
            name = found[-1] if found else part.replace("*", usual)
            return parent.joinpath(name, *path.parts[i + 1 :])
    return path


def _version(name: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", name)))


_LUA = {"json.lua": "lua/json.lua", "exchange.lua": "lua/exchange.lua"}
_REAPER = ("lstm_music.lua", "project.lua", "takes.lua", "events.lua", "window.lua")

_MUSESCORE = {name: f"musescore/{name}" for name in ("lstm_music.qml", "score.js", "exchange.js")}

_ARDOUR = {name: f"ardour/{name}" for name in ("lstm_music_action.lua", "lstm_music_hook.lua")}
_ARDOUR |= {f"lstm_music/{name}": source for name, source in _LUA.items()}
_ARDOUR |= {"lstm_music/region.lua": "ardour/region.lua"}
_DEVICES = "User Library/Presets/MIDI Effects/Max MIDI Effect/LSTM Music"

PROGRAMS: dict[str, Program] = {
    "reaper": Program(
        title="REAPER",
        files=_LUA | {name: f"reaper/{name}" for name in _REAPER},
        folders={
            "win32": "%APPDATA%/REAPER/Scripts/lstm_music",
            "darwin": "~/Library/Application Support/REAPER/Scripts/lstm_music",
            "": "~/.config/REAPER/Scripts/lstm_music",
        },
        then="In REAPER: Actions > Show action list > New action > Load ReaScript, and choose "
        "{folder}/lstm_music.lua. Run it; give it a key there, if you like.",
    ),
    "musescore": Program(
        title="MuseScore 3 and 4",
        files=_MUSESCORE,
        folders={"": "~/Documents/MuseScore*/Plugins/lstm_music"},
        usual="4",
        then="In MuseScore 4: Home > Plugins > LSTM Music > Enable; then Plugins > LSTM Music. "
        "Run `lstm-music serve --shared` before: MuseScore 4 cannot. In MuseScore 3: Plugins > "
        "Plugin Manager > tick lstm_music; then Plugins > LSTM Music.",
    ),
    "pd": Program(
        title="Pure Data",
        files={name: f"pd/{name}" for name in ("lstm_music.pd", "lstm_music-help.pd")},
        folders={
            "win32": "%APPDATA%/Pd/lstm_music",
            "darwin": "~/Library/Pd/lstm_music",
            "": "~/.local/lib/pd/extra/lstm_music",
        },
        then="Run `lstm-music serve --osc 8767 --osc-reply 8768`. In Pd: File > Open, and choose "
        "{folder}/lstm_music-help.pd; in your own patches put [lstm_music/lstm_music 8767 8768].",
    ),
    "fl": Program(
        title="FL Studio",
        files={"LSTM Music.pyscript": "fl/LSTM Music.pyscript"},
        folders={"": "~/Documents/Image-Line/FL Studio/Settings/Piano roll scripts"},
        then="FL Studio lets no script start a program, so run in a terminal: "
        'lstm-music serve --exchange "{folder}/lstm_music". In the piano roll: the wrench menu > '
        "Scripts > LSTM Music.",
    ),
    "max": Program(
        title="Max",
        files={name: f"max/{name}" for name in ("lstm_music.maxpat", "lstm_music.js")},
        folders={"": "~/Documents/Max */Library/lstm_music"},
        usual="9",
        then="Run `lstm-music serve --osc 8767 --osc-reply 8768`. In Max: File > Open, and choose "
        "{folder}/lstm_music.maxpat.",
    ),
    "live": Program(
        title="Ableton Live",
        files={
            "LSTM Music.amxd": "live/lstm_music_live.maxpat",
            "lstm_music_live.js": "live/lstm_music_live.js",
        },
        folders={
            "darwin": f"~/Music/Ableton/{_DEVICES}",
            "": f"~/Documents/Ableton/{_DEVICES}",
        },
        then="Run `lstm-music serve --osc 8767 --osc-reply 8768`. In Live: Browser > User Library "
        "> LSTM Music, and drag the device to a MIDI track. Without Max for Live: "
        "`python -m lstm_music.daw.ableton_osc --help`.",
    ),
    "bitwig": Program(
        title="Bitwig Studio",
        files={"LSTM Music.control.js": "bitwig/LSTM Music.control.js"},
        folders={
            "linux": "~/Bitwig Studio/Controller Scripts/lstm_music",
            "": "~/Documents/Bitwig Studio/Controller Scripts/lstm_music",
        },
        then="Run `lstm-music serve --osc 8767 --osc-reply 8768`. In Bitwig: Dashboard > Settings "
        "> Controllers > Add controller > LSTM Music. Its buttons are in the Studio I/O panel.",
    ),
    "ardour": Program(
        title="Ardour",
        files=_ARDOUR,
        folders={
            "win32": "%LOCALAPPDATA%/Ardour*/scripts",
            "darwin": "~/Library/Preferences/Ardour*/scripts",
            "": "~/.config/ardour*/scripts",
        },
        usual="8",
        then="In Ardour: Edit > Lua Scripts > Script Manager. In Action Scripts set a free line to "
        "LSTM Music; in Action Hooks add LSTM Music: takes. The action is in Edit > Lua Scripts.",
    ),
}
