"""Plays the user of the script: python drive.py SCRIPT FOLDER, the scenario on standard input.

As in FL Studio, apply() has the notes as they were before the script, at each change of a control;
and neither sockets nor processes, nor files beyond FOLDER (PEP 578), nor any wait.
"""

import json
import sys
import time
from pathlib import Path

import flpianoroll as flp

REFUSED = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.spawn", "ctypes.")
is_inside = False


def watch(event, args):
    if not is_inside:
        return
    if event.startswith(REFUSED) or event == "time.sleep":
        raise PermissionError(f"FL Studio lets no script do this: {event}")
    if event == "open" and isinstance(args[0], str) and not args[0].startswith(sys.argv[2]):
        raise PermissionError(f"outside of the scripts' folder: {args[0]}")


def note_of(row):
    note = flp.Note()
    for name, value in row.items():
        setattr(note, name, value)
    return note


def main():
    global is_inside  # noqa: PLW0603 - the hook cannot be removed again
    scenario = json.load(sys.stdin)
    script = {"__name__": "script"}
    exec(compile(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[1], "exec"), script)
    sys.addaudithook(watch)
    form = script["createDialog"]()
    results = []
    for changes in scenario["changes"]:
        form.values |= changes
        late = time.monotonic() + 60
        while True:
            flp.score._notes = [note_of(row) for row in scenario["notes"]]
            flp.Utils.shown.clear()
            is_inside = True
            script["apply"](form)
            is_inside = False
            if not any("composing" in text for text in flp.Utils.shown):
                break
            assert time.monotonic() < late
            time.sleep(0.05)
        rows = [one.row() for one in flp.score._notes]
        results.append({"notes": rows, "shown": list(flp.Utils.shown)})
    before = [note_of(row).row() for row in scenario["notes"]]
    sys.stdout.write(json.dumps({"before": before, "results": results}))


main()
