"""What a corpus holds, counted from its cache: one pass over the records, one at a time."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lstm_music.corpus.building.finish import INDEX_FILE, PIECE, RECORDS_FILE, REJECTS_FILE
from lstm_music.corpus.building.records import Facts, frames
from lstm_music.corpus.cache import TokenCache, open_cache
from lstm_music.corpus.sentences import SentenceCounts
from lstm_music.corpus.split import SPLITS
from lstm_music.music.instruments.general_midi import FAMILY_NAMES, PROGRAM_NAMES, family_of
from lstm_music.tokens.vocabulary import DEFAULT, DRUM_PROGRAM

_BLOCK = 1 << 22
_TEMPO_WIDTH = 10


def summarise(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Everything that `lstm-music corpus scan` tells, as JSON values.

    Parameters
    ----------
    folder : a finished cache.

    Raises
    ------
    ConfigError : it is not one.
    """
    folder = Path(folder)
    cache = open_cache(folder)
    index = np.fromfile(folder / INDEX_FILE, PIECE)
    counts = _Counts()
    for frame in frames(folder / RECORDS_FILE):
        counts.add(frame.facts)
    rejects = [json.loads(line) for line in _lines(folder / REJECTS_FILE)]
    return {
        **counts.to_facts(),
        "rejected": len(rejects),
        "sides": {
            side: {"pieces": len(cache.indices(side)), "tokens": cache.n_targets(side)}
            for side in SPLITS
        },
        "tokens": _token_statistics(cache, counts.notes),
        "rejects": rejects,
        "reject_reasons": _reasons(rejects),
        "duplicates": {
            "same_file": _of_several_files(_groups(cache, index["content"])),
            "same_music": _groups(cache, index["music"]),
            "near": _groups(cache, index["group"]),
        },
        "digest": cache.digest,
    }


class _Counts:
    """Sums over the records."""

    def __init__(self) -> None:
        self.files = self.pieces = self.notes = self.bars = 0
        self.seconds = 0.0
        self.with_tempo_changes = self.with_pickup = self.off_grid = 0
        self.tables = {name: Counter[str]() for name in ("styles", "meters", "keys", "roles")}
        self.programs, self.tempos = Counter[int](), Counter[int]()
        self.repairs = SentenceCounts()
        self.repaired: list[dict[str, Any]] = []

    def add(self, record: Facts) -> None:
        """Count one file."""
        self.files += 1
        for piece in record["pieces"]:
            self.pieces += 1
            self._add_piece(piece)
            if piece["repairs"]:
                self._add_repairs(record["id"] + piece["part"], piece["repairs"])

    def _add_piece(self, piece: Facts) -> None:
        self.notes += piece["notes"]
        self.bars += piece["bars"]
        self.seconds += piece["seconds"]
        self.with_tempo_changes += piece["tempo_changes"] > 0
        self.with_pickup += piece["pickup"]
        self.off_grid += piece["timing_error_steps"] > 0
        self.tables["styles"][DEFAULT.styles[piece["style"]] or "unknown"] += 1
        self.tables["keys"][piece["key"] or "unknown"] += 1
        self.tables["meters"].update(piece["meters"])
        self.tables["roles"].update(piece["roles"])
        self.programs.update(piece["programs"])
        self.tempos[piece["tempos_bpm"][0]] += 1

    def _add_repairs(self, id_: str, repairs: list[tuple[str, int]]) -> None:
        self.repaired.append({"id": id_, "repairs": repairs})
        for sentence, times in repairs:
            self.repairs.add(sentence, times)

    def to_facts(self) -> dict[str, Any]:
        """The sums as JSON values, each table from the commonest down."""
        names = {p: "Drums" if p == DRUM_PROGRAM else PROGRAM_NAMES[p] for p in self.programs}
        families: Counter[str] = Counter()
        for program, n in self.programs.items():
            families["Drums" if program == DRUM_PROGRAM else FAMILY_NAMES[family_of(program)]] += n
        return {
            "files": self.files,
            "pieces": self.pieces,
            "hours": round(self.seconds / 3600, 3),
            "notes": self.notes,
            "bars": self.bars,
            **{name: _commonest(table) for name, table in self.tables.items()},
            "instruments": _commonest(Counter({names[p]: n for p, n in self.programs.items()})),
            "families": _commonest(families),
            "tempi": _tempi(self.tempos) | {"pieces_with_changes": self.with_tempo_changes},
            "pieces_with_pickup": self.with_pickup,
            "pieces_off_the_grid": self.off_grid,
            "repairs": {
                sentence: {"pieces": n, "times": times}
                for sentence, n, times in self.repairs.items()
            },
            "repaired": self.repaired,
        }


def _tempi(tempos: Counter[int]) -> dict[str, Any]:
    """The opening tempi of the pieces, in quarter notes a minute."""
    if not tempos:
        return {}
    values = np.sort(np.fromiter(tempos.elements(), np.int64))
    table = Counter(int(value) // _TEMPO_WIDTH * _TEMPO_WIDTH for value in values.tolist())
    return {
        "lowest_bpm": int(values[0]),
        "median_bpm": float(np.median(values)),
        "highest_bpm": int(values[-1]),
        "by_bpm": {f"{bpm}-{bpm + _TEMPO_WIDTH - 1}": n for bpm, n in sorted(table.items())},
    }


def _token_statistics(cache: TokenCache, n_notes: int) -> dict[str, Any]:
    lengths = cache.lengths
    per_token = np.zeros(DEFAULT.n_tokens, np.int64)
    for tokens in _blocks(cache):
        per_token += np.bincount(tokens, minlength=DEFAULT.n_tokens)[: DEFAULT.n_tokens]
    return {
        "all": cache.n_tokens,
        "per_note": round(cache.n_tokens / max(n_notes, 1), 3),
        "per_piece": {
            "least": int(lengths.min()),
            "median": float(np.median(lengths)),
            "mean": round(float(lengths.mean()), 1),
            "most": int(lengths.max()),
        },
        "by_kind": {
            kind: int(per_token[DEFAULT[kind].start : DEFAULT[kind].stop].sum())
            for kind, _ in DEFAULT.ranges
        },
    }


def _blocks(cache: TokenCache) -> Iterator[npt.NDArray[np.int32]]:
    """All tokens, many pieces at a time."""
    waiting: list[npt.NDArray[np.int32]] = []
    n_waiting = 0
    for tokens in cache:
        waiting.append(tokens)
        n_waiting += len(tokens)
        if n_waiting > _BLOCK:
            yield np.concatenate(waiting)
            waiting, n_waiting = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _groups(cache: TokenCache, keys: npt.NDArray[Any]) -> list[list[str]]:
    """Ids of the pieces that share a key with another, together."""
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order]) != 0) + 1
    groups = [group for group in np.split(order, cuts) if len(group) > 1]
    groups.sort(key=lambda group: int(group[0]))
    return [[cache.ids[int(i)] for i in group] for group in groups]


def _of_several_files(groups: list[list[str]]) -> list[list[str]]:
    """Names of the files of each group; the pieces of one book are no copies of each other."""
    files = [list(dict.fromkeys(re.sub(r"#\d+$", "", id_) for id_ in group)) for group in groups]
    return [group for group in files if len(group) > 1]


def _reasons(rejects: list[dict[str, Any]]) -> dict[str, int]:
    """How often pieces were left out for each reason, without what they quote."""
    counts = SentenceCounts()
    for row in rejects:
        counts.add(re.sub(r"'[^']*'|\"[^\"]*\"", "...", row["reason"])[:120])
    return {reason: n for reason, n, _ in counts.items()}


def _commonest(table: Counter[str]) -> dict[str, int]:
    return dict(table.most_common())


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="ascii") as file:
        yield from file
