"""`lstm-music inspect`: what a music or model file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_music.cli.streams import read_all_music

if TYPE_CHECKING:
    from lstm_music.music.piece import Piece


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--reader",
    type=click.Choice(["lstm_music", "music21"]),
    default="lstm_music",
    show_default=True,
    help="Who reads a MIDI file: our own reader, or music21 as the slow reference.",
)
@click.option("--strict", is_flag=True, help="Refuse a file in which something must be mended.")
def command(path: Path, as_json: bool, reader: str, strict: bool) -> None:
    """Show what PATH, a music file or a model file, holds and what reading it had to mend.

    `-` as PATH reads music from standard input.
    """
    if path.suffix == ".safetensors":
        from lstm_music.composer import load

        composer = load(path)
        facts = {"file": str(path), **composer.metadata}
        del facts["vocabulary"]
    else:
        pieces = [_piece_facts(p) for p in read_all_music(path, reader=reader, strict=strict)]
        facts = pieces[0] if len(pieces) == 1 else {"file": str(path), "pieces": pieces}
    click.echo(json.dumps(facts) if as_json else json.dumps(facts, indent=2, ensure_ascii=False))


def _piece_facts(piece: Piece) -> dict[str, Any]:
    from lstm_music.music.instruments import instrument_name
    from lstm_music.music.listening.roles import track_roles
    from lstm_music.music.theory import likely_key

    end = piece.end_steps
    key = likely_key(piece)
    return {
        "file": piece.source,
        "title": piece.title,
        "notes": len(piece.notes),
        "bars": piece.bar_lines.bar_at(end - 1) + 1 if end else 0,
        "meters": {str(m.onset_steps): str(m) for m in piece.meters},
        "tempos_bpm": {str(t.onset_steps): round(t.tempo_bpm, 2) for t in piece.tempos},
        "key": None if key is None else str(key),
        "key_is_estimated": key != piece.key,
        "pickup_steps": piece.pickup_steps,
        "tracks": [
            {
                "name": track.name,
                "program": track.program,
                "instrument": "drums" if track.is_drum else instrument_name(track.program),
                "role": role,
                "notes": int((piece.notes["track"] == i).sum()),
            }
            for i, (track, role) in enumerate(zip(piece.tracks, track_roles(piece)))
        ],
        "pedal_events": len(piece.pedal),
        "max_timing_error_steps": round(float(piece.max_timing_error_steps), 3),
        "repairs": list(piece.repairs),
    }
