"""How often the melody, the bass and the chords are told apart.

    python benchmarks/roles.py DATA CACHE [dev]

Each corpus with its track names and without them: share of pieces (percent) whose melody track
is found, whose bass track is, whose chord track is. Lead sheets: the sung part, "Chords".
Chorales: the soprano, the bass, and nothing is chords. POP909: MELODY and PIANO (local only).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rhythm_corpora import corpora, is_dev

from lstm_music.music.listening.roles import track_roles
from lstm_music.music.piece import Piece


def answers(corpus: str, piece: Piece) -> dict[str, int] | None:
    """Track of each role, where the corpus says it."""
    names = [track.name.strip().lower() for track in piece.tracks]
    if corpus == "chorales" and len(names) == 4:
        return {"melody": 0, "bass": 3}
    if corpus == "ewld" and names[1:] == ["chords"]:
        return {"melody": 0, "chords": 1}
    if corpus == "pop909" and {"melody", "piano"} <= set(names):
        return {"melody": names.index("melody"), "chords": names.index("piano")}
    return None


def nameless(piece: Piece) -> Piece:
    return piece.replace(tracks=tuple(replace(track, name="") for track in piece.tracks))


def main() -> None:
    found = corpora(Path(sys.argv[1]), Path(sys.argv[2]))
    dev = sys.argv[3:] == ["dev"]
    print(f"{'corpus':<12}{'pieces':>8}  names   melody    bass  chords")
    for corpus in ("chorales", "ewld", "pop909"):
        known = [(p, a) for p in found[corpus] if is_dev(p) == dev and (a := answers(corpus, p))]
        for names in (True, False):
            rows: dict[str, list[bool]] = {"melody": [], "bass": [], "chords": []}
            for piece, answer in known:
                roles = track_roles(piece if names else nameless(piece))
                for role, track in answer.items():
                    rows[role].append(roles[track] == role)
            shares = [100 * np.mean(v) if v else np.nan for v in rows.values()]
            print(
                f"{corpus:<12}{len(known):>8}  {'yes' if names else 'no':<6}"
                + "".join(f"{share:>8.1f}" for share in shares)
            )


if __name__ == "__main__":
    main()
