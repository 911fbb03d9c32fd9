"""The rules of the house: who may import whom, what stays lazy, how long a file may be."""

import ast
from pathlib import Path

import pytest
from paths import ROOT

PACKAGE = ROOT / "lstm_music"

# A file imports only from lower floors, or from its own subpackage. The second letter is the
# tower: (n)etwork, (m)usic, (b)oth.
FLOORS = {
    "checkout": (0, "b"),
    "errors": (0, "b"),
    "types": (0, "b"),
    "client": (0, "b"),  # imports nothing of ours: it is copied into other programs
    "files": (0.5, "b"),
    "cells": (1, "n"),
    "music": (1, "m"),
    "reference": (2, "n"),
    "kernels": (2, "n"),
    "cuda": (2, "n"),
    "midi": (2, "m"),
    "backends": (3, "n"),
    "tokens": (3, "m"),
    "nn": (4, "n"),
    "corpus": (4, "m"),
    "pretrained": (4, "b"),
    "bench": (5, "b"),
    "training": (5, "b"),
    "generate": (5, "b"),
    "evaluate": (5, "b"),
    "evolution": (5.5, "b"),  # its trainers are made of training's
    "reproduce": (6, "b"),
    "composer": (6, "b"),
    "reinforcement": (6.5, "b"),  # docs/adr/0017
    "serve": (7, "b"),
    "daw": (7, "b"),
    "studio": (7.5, "b"),  # a page on serve's server
    "live": (7.5, "b"),  # listens to OSC at the addresses of serve
    "cli": (8, "b"),
    "__main__": (9, "b"),
}

# Heavy or device-bound packages, and the only files that may import them.
CONFINED = {
    # in bench: docs/adr/0006
    "music21": {
        "bench/read.py",
        "bench/tokenize.py",
        "music/theory.py",
        "midi/export/musicxml.py",  # its writer of scores, as its readers are in midi/scores
        "midi/export/score.py",
        "midi/scores/abc/stream.py",
        "midi/scores/foreign.py",
        "midi/scores/mei_text.py",
        "midi/scores/pieces.py",
        "midi/scores/worker_process.py",
    },
    "mido": {"bench/read.py", "midi/writing/meta.py"},
    "symusic": {"bench/read.py", "bench/tokenize.py"},
    "miditok": {"bench/tokenize.py"},
    "cupy": {"backends/gpu/device.py"},
    "cupy_backends": {"backends/gpu/device.py"},
    "mpi4py": {"training/team.py"},
    "sklearn": {"evaluate/tell_apart.py", "evolution/support_vectors.py"},
    "cma": {"evolution/covariance.py"},
    "tensorboardX": {"training/runs/tensorboard.py"},
    "starlette": {"serve/http.py"},
    "uvicorn": {"serve/http.py"},
    "pythonosc": {"serve/osc.py", "live/osc.py", "daw/ableton_osc.py"},
    "rtmidi": {"live/ports/rtmidi.py"},
    "jack": {"live/ports/jack.py"},
    # docs/adr/0005
    "torch": {f"bench/torch_{name}.py" for name in ("cells", "conv", "rival", "step")},
}
REACHES_UP = {  # docs/adr/0001
    ("music/piece.py", "lstm_music.midi.export.formats.write_piece"),
    ("cells/__init__.py", "lstm_music.nn.cell"),
    ("training/methods.py", "lstm_music.evolution.trainers.TRAINERS"),
    ("cells/__init__.py", "lstm_music.nn.cell.Cell"),
}
ALWAYS_INSIDE_FUNCTIONS = {
    "music21",
    "cupy",
    "cupy_backends",
    "matplotlib",
    "torch",
    "symusic",
    "miditok",
    "mpi4py",
    "sklearn",
    "cma",
    "tensorboardX",
    "rtmidi",
    "jack",
}
NEVER_AT_IMPORT_OF_CLI = {"numpy", "rich", "mido", "safetensors"}


def _sources(suffix="*.py"):
    return sorted(PACKAGE.rglob(suffix))


def _imports(path, tree=None):
    """Every (module, inside a function, only for type checking) that a Python file imports."""
    tree = tree or ast.parse(path.read_text(encoding="utf-8"))
    found = []

    def walk(node, inside, typing_only):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, inside, typing_only) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: relative import"
                names = [f"{child.module}.{alias.name}" for alias in child.names]
                found.extend((name, inside, typing_only) for name in names)
            guard = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            nested = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            walk(child, inside or nested, typing_only or guard)

    walk(tree, False, False)
    return found


def _unit(dotted):
    """``lstm_music.midi.read`` -> ``midi``; the package itself -> None."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "lstm_music" and len(parts) > 1 else None


def _unit_of(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def _broken_floor(unit, imported):
    """Why ``unit`` may not import ``imported``, or None."""
    if imported not in FLOORS or imported == unit:
        return None
    (floor, tower), (below, other) = FLOORS[unit], FLOORS[imported]
    if below >= floor:
        return f"{unit} (floor {floor}) imports {imported} (floor {below})"
    if {tower, other} == {"n", "m"}:
        return f"{unit} and {imported} stand in different towers"
    return None


@pytest.mark.parametrize("path", _sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_imports_only_from_lower_floors(path):
    unit = _unit_of(path)
    if unit == "__init__":
        return  # names only, imported on use: test_import_of_the_package_is_light
    assert unit in FLOORS, f"{unit} has no floor: give it one in this test and in design"
    broken = {
        _broken_floor(unit, _unit(name))
        for name, _, _ in _imports(path)
        if _unit(name) and (path.relative_to(PACKAGE).as_posix(), name) not in REACHES_UP
    }
    assert broken <= {None}


@pytest.mark.parametrize("path", _sources("*.pyi"), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_compiled_modules_keep_to_their_floor(path):
    relative = path.relative_to(PACKAGE).with_suffix(".pyx")
    source = (ROOT / "src" / "lstm_music" / relative).read_text(encoding="utf-8")
    words = [line.split() for line in source.splitlines()]
    names = [w[1] for w in words if len(w) > 2 and w[0] in ("from", "cimport", "import")]
    broken = {_broken_floor(_unit_of(path), _unit(name)) for name in names if _unit(name)}
    assert broken <= {None}


def test_the_floor_rule_can_fail():
    assert _broken_floor("midi", "cli")
    assert _broken_floor("tokens", "cells")
    assert _broken_floor("nn", "music")
    assert _broken_floor("training", "generate")
    assert _broken_floor("training", "nn") is None


@pytest.mark.parametrize("path", _sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_confined_packages_stay_where_they_belong(path):
    relative = path.relative_to(PACKAGE).as_posix()
    for name, inside, typing_only in _imports(path):
        top = name.split(".")[0]
        if top in CONFINED:
            assert relative in CONFINED[top], f"{relative} imports {top}"
        if top in ALWAYS_INSIDE_FUNCTIONS:
            assert inside or typing_only, f"{relative} imports {top} at module level"
        if relative.startswith("cli/") and top in NEVER_AT_IMPORT_OF_CLI:
            assert inside or typing_only, f"{relative} imports {top} at module level"


def test_every_compiled_module_has_a_stub_and_every_stub_a_module():
    native = ROOT / "src" / "lstm_music"
    compiled = {p.relative_to(native).with_suffix("") for p in native.rglob("*.pyx")}
    stubs = {p.relative_to(PACKAGE).with_suffix("") for p in _sources("*.pyi")}
    assert compiled == stubs


@pytest.mark.parametrize(
    "folder", ["lstm_music", "src", "tests", "benchmarks", "examples"], ids=lambda name: name
)
def test_no_file_passes_400_lines(folder):
    kinds = {".py", ".pyx", ".pxd", ".c", ".h", ".inc"}
    files = [p for p in (ROOT / folder).rglob("*") if p.suffix in kinds]
    long = {str(p): n for p in files if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not long


def test_imports_have_no_cycle():
    graph = {}
    for path in _sources():
        name = ".".join(("lstm_music", *path.relative_to(PACKAGE).with_suffix("").parts))
        names = {n for n, inside, typing_only in _imports(path) if not (inside or typing_only)}
        graph[name] = {n for n in names if n.startswith("lstm_music.")}
    modules = set(graph)
    edges = {
        name: {n if n in modules else n.rpartition(".")[0] for n in names} & modules
        for name, names in graph.items()
    }
    done = set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for other in edges[name] - {name}:
                visit(other, [*trail, name])
            done.add(name)

    for name in sorted(modules):
        visit(name, [])


def test_no_machine_paths_or_hosts_in_the_project():
    import subprocess

    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout
    files = [ROOT / name for name in listed.decode().split("\0") if name]
    if not files:
        pytest.skip("not a git checkout: no list of files to look through")
    needles = ["/".join(["", "work", ""]), "/".join(["", "root", ""]), "/".join(["", "tmp", "wt"])]
    kinds = {".py", ".pyx", ".pxd", ".c", ".h", ".inc", ".md", ".toml", ".pyi", ""}
    texts = [p for p in files if p.suffix in kinds and p.is_file()]
    guilty = [p for p in texts if any(n in p.read_text("utf-8", "ignore") for n in needles)]
    assert not guilty


def test_docs_of_the_house_exist():
    wanted = ["README.md", "LICENSE", "MANIFEST.in", "Makefile", ".ci/run", "changelog.d"]
    assert [name for name in wanted if not Path(ROOT, name).exists()] == []
