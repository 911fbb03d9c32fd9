"""The GPU backend on a real device, all in one run: parity, speed beside cuDNN, generation.

    python benchmarks/gpu.py                       # a device, under 8 minutes
    python benchmarks/gpu.py --stand-in -o /tmp/x  # no device: tiny sizes on the tests' stand-in

Writes gpu-DEVICE.json and gpu-DEVICE.log as it goes, and tables for docs/gpu.md at the end, which
say what the targets are. Each part has a share of the time; what finds none left is named there. It
ends with code 1 if a cell is further from the reference than it may be, or a check fails.
"""

import argparse
import json
import platform
import sys
import time
import traceback
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

import gpu_checks  # noqa: E402
from cell_cases import (  # noqa: E402
    MAPS,
    VARIANTS,
    ZONED,
    make_problem,
    results,
    worst_difference,
)
from gpu_checks import UnsuitedError  # noqa: E402
from gpu_tables import tables  # noqa: E402
from paths import MIDI_DATA  # noqa: E402
from recipe_parts import RECIPE  # noqa: E402
from small_composers import random_composer  # noqa: E402

from lstm_music.backends.cpu import CpuBackend  # noqa: E402
from lstm_music.backends.gpu.backend import GpuBackend  # noqa: E402
from lstm_music.backends.gpu.ways import WAYS  # noqa: E402
from lstm_music.backends.reference import ReferenceBackend  # noqa: E402
from lstm_music.backends.registry import GPU_PRECISIONS  # noqa: E402
from lstm_music.cells.registry import cell_spec  # noqa: E402
from lstm_music.composer import load  # noqa: E402
from lstm_music.errors import BackendError  # noqa: E402
from lstm_music.generate.asking.request import Request  # noqa: E402
from lstm_music.nn.batch_generation import BatchGenerator  # noqa: E402
from lstm_music.nn.config import ModelConfig  # noqa: E402
from lstm_music.nn.model import LanguageModel  # noqa: E402
from lstm_music.nn.optim import make_optimiser  # noqa: E402
from lstm_music.nn.sampling import Sampling  # noqa: E402
from lstm_music.tokens.vocabulary import DEFAULT  # noqa: E402

PARITY = {"float64": 1e-10, "float32": 1e-5, "bfloat16": 1e-2}
OURS = [*(("float32", way) for way in WAYS), ("tf32", "plain"), ("bfloat16", "plain")]
ON_CPU = [("float32", "cpu"), ("bfloat16", "cpu")]
RECIPE_TOKENS = 118_000_000  # of the bundled default model, in two legs: the Makefile


@dataclass(frozen=True)
class Case:
    H: int
    B: int
    T: int = 128
    V: int = 512


class Report:
    """Rows and a log, both written as they come: a run that is cut off leaves what it has."""

    def __init__(self, folder, name, seconds):
        self._end = time.monotonic() + seconds
        self.path = folder / f"gpu-{name}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / f"gpu-{name}.log").open("w", encoding="utf-8")
        parts = "checks parity updates fastest generation recipe composing"
        self.facts = {part: [] for part in [*parts.split(), "left_out", "failed", "unsuited"]}

    def say(self, line):
        print(line, flush=True)
        print(line, file=self._log, flush=True)

    def add(self, part, row):
        self.facts[part].append(row)
        self.say(f"{part}: {json.dumps(row)}")
        self.write()

    def write(self):
        self.path.write_text(json.dumps(self.facts, indent=1) + "\n", encoding="utf-8")

    def attempt(self, what, run, *arguments):
        """The result of a part; None if it fails, which is told and does not stop the others."""
        try:
            return run(*arguments)
        except UnsuitedError as reason:
            self.facts["unsuited"].append(f"{what}: {reason}")
            self.say(f"not suited: {what}: {reason}")
            return None
        except Exception as error:  # whatever a new device has in store
            self.facts["failed"].append(f"{what}: {type(error).__name__}: {error}"[:400])
            self.say(f"FAILED {what}\n{traceback.format_exc()}")
            return None

    def has_time(self, part, share):
        """Whether less than a share of the time is used up."""
        if time.monotonic() < self._end - (1 - share) * self.facts["seconds"]:
            return True
        self.facts["left_out"].append(part)
        self.say(f"left out for want of time: {part}")
        return False


def rate(run, wait, seconds):
    """Runs a second, after two to warm up."""
    for _ in range(2):
        run()
    wait()
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds or count < 2:
        run()
        count += 1
        if count % 4 == 0:
            wait()
    wait()
    return count / (time.perf_counter() - began) if spent else 0.0


def difference(cell, shape, real, engine):
    """How far a cell on an engine is from the reference, relative to the largest element."""
    problem = make_problem(cell_spec(cell), shape, dtype=real)
    problem.mask_key = (3, 5)
    return worst_difference(results(problem, ReferenceBackend()), results(problem, engine))


def checks(report, make, n):
    """Yes or no each."""
    asked = {
        "too little memory is told": gpu_checks.no_memory_is_told,
        "dropout has the CPU's masks": gpu_checks.dropout_is_the_cpus,
        "draws are the CPU's": gpu_checks.draws_are_the_cpus,
        "updates repeat bit for bit": lambda: gpu_checks.updates_repeat(make),
        "all ways give the same gradients": lambda: gpu_checks.ways_agree(make),
        f"a stream is the same among {n}": lambda: gpu_checks.streams_do_not_depend(make, n),
        "NCCL sums with one rank": gpu_checks.one_rank_sums,
    }
    for what, check in asked.items():
        if report.has_time(what, 0.1):
            holds = report.attempt(what, check)
            if holds is not None:
                report.add("checks", {"what": what, "holds": bool(holds)})


def parity(report, cells, few, shapes):
    """Every cell against the reference, a few in each way."""
    plans = [(precision, "plain", cells) for precision in PARITY]
    plans += [(precision, way, few) for precision in ("float64", "float32") for way in WAYS[1:]]
    for precision, way, chosen in plans:
        most, real = PARITY[precision], "float64" if precision == "float64" else "float32"
        engine = GpuBackend(precision="bfloat16" if precision != real else "float32", way=way)
        worst = {}
        for cell in chosen:
            what = f"{cell} in {precision}, {way}"
            if not report.has_time(f"parity of {what}", 0.4):
                continue
            found = [
                report.attempt(what, difference, cell, shape, real, engine) for shape in shapes
            ]
            worst[cell] = max(1e9 if far is None or np.isnan(far) else far for far in found)
        if not worst:
            continue
        far = {cell: value for cell, value in worst.items() if not value <= most}
        # Rounded gates of an unbounded cell differ by more: they are told, not judged.
        report.add(
            "parity",
            {"precision": precision, "way": way, "cells": len(worst), "most": most,
             "worst": max(worst.values()), "too_far": far, "judged": precision != "bfloat16"},
        )  # fmt: skip


class Ours:
    """Our model at one size, precision and way, on random tokens."""

    def __init__(self, case, precision, way, *, streams=1, **options):
        self.backend = backend_of(precision, way)
        rows = options.pop("n_rows", case.V)
        settings = {"hidden_size": case.H, "layers": 2, "embedding_size": case.H, "dropout": 0.0}
        config = ModelConfig(rows, case.V, streams, **settings | options)
        self.model = LanguageModel.create(config, 0, backend=self.backend)
        self.adam = make_optimiser("adam", self.model.flat_params.size, backend=self.backend)
        rng = np.random.default_rng(0)
        self.rows = rng.integers(0, rows, (case.T, case.B, streams)).astype(np.int32)
        self.targets = rng.integers(0, case.V, (case.T, case.B)).astype(np.int32)
        self.state = self.model.initial_state(case.B)
        rule = getattr(self.backend, "rule", None)
        if rule and (why := rule.why_not(self.model.spec, case.B, case.H, self.model.dtype)):
            raise UnsuitedError(why)

    def forward(self):
        self.model.score_chunk(self.rows, self.targets, self.state)

    def gradients(self):
        self.model.flat_grads[:] = 0
        self.model.train_chunk(self.rows, self.targets, self.state)

    def update(self):
        self.gradients()
        self.adam.step(self.model.flat_params, self.model.flat_grads, 1e-3, 1.0)

    def wait(self):
        if self.backend.name == "gpu":
            self.backend.xp.cuda.Device(self.backend.device.number).synchronize()


def backend_of(precision, way):
    """The GPU in one of its ways, or the CPU with all its cores."""
    if way != "cpu":
        return GpuBackend(precision=precision, way=way)
    try:
        return CpuBackend(precision=precision)
    except BackendError as error:
        raise UnsuitedError(str(error)) from None


def contenders(case, device):
    """(who, precision, form) and what makes each."""
    from gpu_torch import FORMS, PRECISIONS, Rival, on_cpu

    for precision, way in OURS:
        yield ("ours", precision, way), lambda p=precision, w=way: Ours(case, p, w)
    for precision in PRECISIONS:
        if device == "cpu" and not on_cpu(precision):
            continue
        for form in FORMS:
            make = lambda p=precision, f=form: Rival(case, p, f, device)  # noqa: E731
            yield ("torch", precision, form), make


def timed(make, case, seconds):
    """Updates and forward passes a second of one contender, and the kernels that torch ran."""
    one = make()
    row = {
        "updates_per_second": round(rate(one.update, one.wait, seconds), 2),
        "forwards_per_second": round(rate(one.forward, one.wait, seconds), 2),
    }
    row["tokens_per_second"] = round(row["updates_per_second"] * case.T * case.B)
    return row | ({"kernels": one.kernels()} if hasattr(one, "kernels") else {})


def updates(report, cases, device, seconds):
    """A whole update, and forward alone, ours and torch's, in turns at each size."""
    for case in cases:
        if not report.has_time(f"updates at {case}", 0.7):
            continue
        for (who, precision, form), make in contenders(case, device):
            row = {"who": who, "precision": precision, "form": form, **asdict(case)}
            more = report.attempt(f"{row}", timed, make, case, seconds)
            if more is not None:
                report.add("updates", row | more)
        report.attempt(f"the fastest at {case}", fastest, report, asdict(case))


def fastest(report, sizes):
    """At one size and precision: our fastest way, torch's, and how many times as fast ours is."""
    rows = [row for row in report.facts["updates"] if sizes.items() <= row.items()]
    for precision in GPU_PRECISIONS:
        for what in ("updates", "forwards"):

            def best(who, precision=precision, key=f"{what}_per_second"):
                mine = [row for row in rows if (row["who"], row["precision"]) == (who, precision)]
                found = max(mine, key=lambda row: row[key], default=None)
                return found and (found["form"], found[key])

            ours, torch = best("ours"), best("torch")
            if ours and torch:
                row = {"what": what, "precision": precision, "ours": ours[0], "torch": torch[0]}
                report.add("fastest", row | {"times": round(ours[1] / torch[1], 2)} | sizes)


def generation(report, case, counts, steps, device):
    """Tokens a second of many streams, ours and torch's loop."""
    from gpu_torch import Rival

    rival = Rival(case, "float32", "one module", device)
    models = {way: Ours(case, "float32", way) for way in ("plain", "graph")}
    sampling = Sampling(temperature=1.0, top_p=1.0)
    for streams in counts:
        if not report.has_time(f"generation of {streams} streams", 0.85):
            continue
        runners = [("torch", "", lambda n=streams: rival.generate(n, steps), rival.wait)]
        for way, ours in models.items():
            batch = BatchGenerator(ours.model, sampling, sequences=range(streams))
            runners.append(("ours", way, lambda b=batch: b.continue_from(0, steps), ours.wait))
        for who, way, run, wait in runners:
            what = f"generation of {streams} streams by {who} {way}"
            runs = report.attempt(what, rate, run, wait, 1.0)
            if runs is not None:
                row = {"who": who, "way": way, "streams": streams}
                row["tokens_per_second"] = round(runs * steps * streams)
                report.add("generation", row | asdict(case))


def recipe(report, case, seconds, options):
    """The bundled default model's own sizes: hours for all of its tokens, measured on some."""
    for precision, way in OURS + ON_CPU:
        what = f"recipe in {precision}, {way}"
        if not report.has_time(what, 0.94):
            continue
        one = report.attempt(what, lambda p=precision, w=way: Ours(case, p, w, **options))
        if one is None:
            continue
        runs = report.attempt(what, rate, one.update, one.wait, seconds)
        if runs is not None:
            tokens = runs * case.T * case.B
            row = {"precision": precision, "way": way, "tokens_per_second": round(tokens)}
            report.add("recipe", row | {"hours": round(RECIPE_TOKENS / tokens / 3600, 3)})


def composing(report, make, request, counts):
    """Notes a second of so many takes at once, under the grammar and the rules."""
    for who in ("cpu", "gpu"):
        composer = report.attempt(f"composing on the {who}", make, who)
        if composer:
            report.attempt(f"composing on the {who}", composer.complete, request)  # to warm up
        for n in counts if composer else ():
            what = f"composing {n} takes on the {who}"
            if not report.has_time(what, 0.97):
                continue
            ask, began = replace(request, n=n), time.perf_counter()
            takes = report.attempt(what, composer.complete, ask)
            if takes is not None:
                spent, notes = time.perf_counter() - began, sum(len(take.new) for take in takes)
                row = {"who": who, "takes": n, "notes_per_second": round(notes / spent, 1)}
                report.add("composing", row | {"seconds": round(spent, 4)})


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--seconds", type=float, default=450.0, help="of the whole run")
    parser.add_argument("--stand-in", action="store_true", help="tiny sizes, without a device")
    given = parser.parse_args(arguments)
    if given.stand_in:
        import fake_cupy

        sys.modules.update(fake_cupy.modules())
    gpu, tiny = GpuBackend(), given.stand_in
    report = Report(given.output, gpu.device.name.replace(" ", "-"), given.seconds)
    report.facts |= {
        "device": gpu.device.name,
        "capability": gpu.device.capability,
        "cupy": gpu.xp.__version__,
        "python": platform.python_version(),
        "seconds": given.seconds,
    }
    with gpu.current():
        run_parts(report, tiny=tiny)
    failed = [check["what"] for check in report.facts["checks"] if not check["holds"]]
    failed += [row for row in report.facts["parity"] if row["too_far"] and row["judged"]]
    report.say(tables(report.facts))
    report.say(f"wrote {report.path}")
    report.write()
    return 1 if failed or report.facts["failed"] else 0


def run_parts(report, *, tiny):
    """All parts, in full or at sizes that the stand-in computes in seconds."""
    device, big = ("cpu", Case(8, 2, 4, 16)) if tiny else ("cuda", Case(512, 64))
    cells = ["lstm", "gru", "layernorm-lstm"] if tiny else [*VARIANTS, *ZONED, *MAPS]
    few = cells if tiny else ["lstm", "gru", "peephole", "slstm", "mi-lstm", "layernorm-lstm"]
    cases = [big] if tiny else [Case(H, B) for H in (512, 256, 1024) for B in (64, 8, 128)]
    checks(report, lambda way="plain": Ours(big, "float32", way), 3 if tiny else 1024)
    parity(report, cells, few, [(3, 2, 3, 5)] if tiny else [(5, 3, 4, 7), (9, 17, 33, 65)])
    updates(report, cases, device, 0.01 if tiny else 0.25)
    generation(report, big, [1, 3] if tiny else [1, 64, 1024], 4 if tiny else 128, device)
    sizes = {"cell": RECIPE["cell"], "dropout": RECIPE["dropout"]}
    if tiny:
        sizes |= {"n_rows": 40, "streams": 3, "embedding_size": 8}
        recipe(report, big, 0.01, sizes)
    else:
        sizes |= {"n_rows": DEFAULT.n_rows, "streams": DEFAULT.n_streams}
        case = Case(RECIPE["hidden_size"], RECIPE["batch_size"], RECIPE["chunk_steps"])
        case = replace(case, V=DEFAULT.n_tokens)
        recipe(report, case, 3.0, sizes | {"embedding_size": RECIPE["embedding_size"]})
    short = {"seed_bars": (1, 2), "bars": 1} if tiny else {"bars": 4}
    request = Request("generate", MIDI_DATA / "chorale.mid", drafts=1, rng_seed=1, **short)
    make = random_composer if tiny else partial(load, "default")
    composing(
        report, lambda who: make(backend=who, precision="float32"), request,
        [1, 2] if tiny else [1, 64, 512],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
