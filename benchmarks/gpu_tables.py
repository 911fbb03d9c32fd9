"""What benchmarks/gpu.py measured, as tables in Markdown beside what is asked for."""

_SLOW, _SMALL_BATCH = 1.0, 1.5
"""How many times as fast as torch.nn.LSTM: everywhere; in updates of 64 rows or fewer."""


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return ["", *(f"| {' | '.join(map(str, line))} |" for line in lines)] if rows else []


def _fastest(facts):
    rows = []
    for row in facts["fastest"]:
        small = row["what"] == "updates" and row["B"] <= 64
        asked = _SMALL_BATCH if small else _SLOW
        size = f"H={row['H']} B={row['B']} T={row['T']} V={row['V']}"
        reached = "yes" if row["times"] >= asked else "no"
        rows.append([row["what"], size, row["precision"], row["ours"], row["torch"],
                     row["times"], asked, reached])  # fmt: skip
    head = ["what", "case", "precision", "ours", "torch", "times as fast", "asked", "reached"]
    return _table(head, rows)


def _generation(facts):
    by_count = {}
    for row in facts["generation"]:
        by_count.setdefault(row["streams"], {})[row["way"] or "torch"] = row["tokens_per_second"]
    rows = [
        [n, *(f"{found.get(who, 0):,}" for who in ("plain", "graph", "torch")),
         round(max(found.get("plain", 0), found.get("graph", 0)) / found["torch"], 1), 20]
        for n, found in by_count.items() if "torch" in found
    ]  # fmt: skip
    return _table(["streams", "plain", "graph", "torch's loop", "times as many", "asked"], rows)


def _rest(facts):
    recipe = [[row["way"], row["precision"], f"{row['tokens_per_second']:,}", row["hours"]]
              for row in facts["recipe"]]  # fmt: skip
    composed = [[row["who"], row["takes"], f"{row['notes_per_second']:,}", row["seconds"]]
                for row in facts["composing"]]  # fmt: skip
    parity = [
        [row["precision"], row["way"], row["cells"], f"{row['worst']:.1e}", f"{row['most']:.0e}",
         ", ".join(row["too_far"]) or "none"]
        for row in facts["parity"]
    ]  # fmt: skip
    checked = [[row["what"], "yes" if row["holds"] else "NO"] for row in facts["checks"]]
    return [
        *_table(["bundled recipe on", "precision", "tokens a second", "hours"], recipe),
        *_table(["composing on", "takes at once", "notes a second", "seconds"], composed),
        *_table(["precision", "way", "cells", "furthest", "allowed", "further"], parity),
        *_table(["check", "holds"], checked),
    ]


def tables(facts):
    """All of it, with what was left out and what failed."""
    lines = [f"On {facts['device']}, CuPy {facts['cupy']}, `python benchmarks/gpu.py`:"]
    lines += [*_fastest(facts), *_generation(facts), *_rest(facts)]
    for name in ("left_out", "failed", "unsuited"):
        lines += ["", f"{name.replace('_', ' ')}:", *(f"- {line}" for line in facts[name])]
    return "\n".join(lines)
