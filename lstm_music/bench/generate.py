"""One token after another, ours and torch's: step, softmax, draw, and the token goes back in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

from lstm_music.backends.isa import resolve_level
from lstm_music.bench.cases import GenerateCase, TrainCase
from lstm_music.bench.rows import Row, make_row, torch_is_installed
from lstm_music.bench.timing import Contender, race
from lstm_music.bench.update import create_model
from lstm_music.kernels.sampler import Sampler, continue_tokens
from lstm_music.kernels.step import Stepper, StepWeights
from lstm_music.nn.model import LanguageModel

_STEPS = 64  # tokens a call: what Python adds to a call does not show in ours
_TORCH_STEPS = 4  # a loop in Python costs each token the same


def generate_rows(
    cases: Iterable[GenerateCase], threads: Iterable[int], seconds: float
) -> Iterator[Row]:
    """Measure each case: ours with a share of the candidates a thread, torch as it is best.

    Parameters
    ----------
    cases : what to generate; times are of one token of one sequence.
    threads : the most of them is ours to use; torch tries each.
    seconds : to spend on a row, about.
    """
    threads = tuple(threads)
    return (_row(case, threads, seconds) for case in cases)


def _row(case: GenerateCase, threads: tuple[int, ...], seconds: float) -> Row:
    model = create_model(TrainCase(case.H, case.L, B=1, T=1, V=case.V), 1)
    rivals = {}
    if torch_is_installed():
        from lstm_music.bench.torch_step import generate_contenders

        rivals = generate_contenders(case, model.params, threads, _TORCH_STEPS)
    crew = min(max(threads), case.candidates)
    with ThreadPoolExecutor(crew) as pool:
        ours = Contender(our_tokens(model, case, pool, crew), repeats=_STEPS * case.candidates)
        times = race(ours, rivals, seconds)
    return make_row(case.name, case.flops, crew, resolve_level(), times)


def our_tokens(
    model: LanguageModel, case: GenerateCase, pool: Executor, crew: int
) -> Callable[[], object]:
    """Go on by ``_STEPS`` tokens in each of the sequences, shared out as composing does it."""
    weights, V = StepWeights(model, precision=case.precision), model.config.n_tokens
    steppers = [Stepper(weights) for _ in range(case.candidates)]
    samplers = [Sampler(V, sequence=n) for n in range(case.candidates)]
    shares = [slice(i, None, crew) for i in range(crew)]

    def go_on(share: slice) -> object:
        return continue_tokens(steppers[share], samplers[share], 0, _STEPS)

    return lambda: list(pool.map(go_on, shares))
