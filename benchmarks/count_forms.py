"""Count the forms of a corpus for the bundled models: ``python benchmarks/count_forms.py CACHE``.

CACHE is a folder that ``lstm-music corpus build`` made. The training side of each style is counted
and written to lstm_music/pretrained/forms.json, from which ``--form auto`` draws for a model whose
file has no counts of its own. Pieces without a style word are left out. Takes half a minute.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import lstm_music
from lstm_music.corpus.cache import open_cache
from lstm_music.corpus.forms import forms_in_training
from lstm_music.pretrained import FORMS_FILE

OUTPUT = Path(lstm_music.__file__).parent / "pretrained" / FORMS_FILE


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    forms = forms_in_training(open_cache(arguments.cache)).to_json()
    lines = [
        f" {json.dumps(style)}: {json.dumps(contexts, indent=2)}"
        for style, contexts in forms.items()
        if style
    ]
    arguments.output.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")
    for style, contexts in forms.items():
        print(f"{style or 'without a style':16s} {len(contexts):5d} contexts")


if __name__ == "__main__":
    main()
