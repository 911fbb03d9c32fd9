"""What `lstm-music inspect` tells of music and of models: as facts, and in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_music.music.piece import Piece

_MOST_CHANGES = 8
"""Meters and tempos that are named in words; more are counted."""


def piece_facts(piece: Piece) -> dict[str, Any]:
    """What a piece holds, as JSON can say it.

    ``bars`` is the number of its last bar: a pickup is bar 0.
    """
    from lstm_music.music.bars import n_bars
    from lstm_music.music.instruments.general_midi import instrument_name
    from lstm_music.music.listening.roles import track_roles
    from lstm_music.music.theory import likely_key

    key = likely_key(piece)
    return {
        "file": piece.source,
        "title": piece.title,
        "notes": len(piece.notes),
        "bars": n_bars(piece),
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


def piece_lines(facts: dict[str, Any]) -> list[str]:
    """The facts of a piece for people."""
    from lstm_music.music.grid import STEPS_PER_QUARTER

    title = f" ({facts['title']})" if facts["title"] else ""
    estimated = " (estimated)" if facts["key_is_estimated"] else ""
    lines = [
        f"{facts['file']}{title}",
        f"  notes    {facts['notes']:,} in {facts['bars']:,} bars",
        f"  meter    {_changes(facts['meters'].values())}",
        f"  tempo    {_changes(f'{bpm:g}' for bpm in facts['tempos_bpm'].values())} bpm",
        f"  key      {facts['key'] or 'unknown'}{estimated}",
    ]
    if facts["pickup_steps"]:
        lines.append(
            f"  pickup   {facts['pickup_steps'] / STEPS_PER_QUARTER:g} quarter notes, bar 0"
        )
    if facts["pedal_events"]:
        lines.append(f"  pedal    {facts['pedal_events']:,} changes")
    if facts["max_timing_error_steps"]:
        lines.append(f"  timing   up to {facts['max_timing_error_steps']:g} steps off the grid")
    for number, track in enumerate(facts["tracks"], 1):
        name = f"{track['name']}, " if track["name"] else ""
        lines.append(
            f"  track {number:<2} {name}{track['instrument']}, {track['role']}, "
            f"{track['notes']:,} notes"
        )
    return [*lines, *(f"  repaired {repair}" for repair in facts["repairs"])]


def _changes(values: Any) -> str:
    """Values in their order; of many the first ones."""
    words = [str(value) for value in values]
    more = len(words) - _MOST_CHANGES
    return ", ".join(words[:_MOST_CHANGES]) + (f" and {more} more" if more > 0 else "")


def model_facts(path: Path) -> dict[str, Any]:
    """What a model says of itself, less its tables of tokens and streams."""
    from lstm_music.nn.model_file import load_model
    from lstm_music.pretrained import model_path

    with model_path(path) as file:
        network, metadata = load_model(file)
    facts = {"file": str(path), **metadata, "parameters": int(network.flat_params.size)}
    del facts["vocabulary"]
    return facts


def _tuning(tuned: dict[str, Any]) -> str:
    """What `lstm-music tune` made of a model."""
    report = tuned["report"]
    rewards = ", ".join(
        f"{name} {pair['before']:.3f} before, {pair['after']:.3f} now"
        for name, pair in report["rewards"].items()
    )
    return f"{rewards}; {report['kl_nats_per_note']:.3f} nats a note from what it was"


def model_lines(facts: dict[str, Any]) -> list[str]:
    """The facts of a model for people."""
    sizes, training, card = facts["sizes"], facts["training"], facts["data_card"]
    lines = [
        f"{facts['file']}",
        f"  network  {sizes['layers']} layers of {sizes['hidden_size']} {sizes['cell']} units over "
        f"an embedding of {sizes['embedding_size']}; {facts['parameters']:,} parameters",
    ]
    met = training.get("met", {})
    if styles := [style for style in met.get("styles", []) if style]:
        lines.append(f"  styles   {', '.join(styles)}")
    if "tokens" in training:
        loss = training.get("valid_nats_per_token")
        held_out = "" if loss is None else f", {loss:.3f} nats a token on held-out music"
        lines.append(f"  trained  on {training['tokens']:,} tokens{held_out}")
    if "tuned" in training:
        lines.append(f"  tuned    {_tuning(training['tuned'])}")
    corpus = training.get("corpus")
    if corpus:
        lines.append(
            f"  corpus   {corpus['train']:,} pieces to train on, {corpus['valid']:,} and "
            f"{corpus['test']:,} held out; {corpus['tokens']:,} tokens"
        )
    for label, name in (("for", "intended_use"), ("limits", "limits"), ("licence", "licence")):
        if text := " ".join(str(card.get(name, "")).split()):
            lines.append(f"  {label:8} {text}")
    for entry in card.get("data", []):
        pieces = f", {entry['pieces']:,} pieces" if "pieces" in entry else ""
        lines.append(
            f"  data     {entry.get('name', 'unnamed')}{pieces}: {entry.get('licence', '-')}"
        )
    written = facts.get("written_by")
    return [
        *lines,
        *([f"  written  by {written}"] if written else []),
        f"  sha256   {facts['sha256']}",
    ]
