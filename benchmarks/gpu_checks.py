"""What benchmarks/gpu.py asks of a device beside parity and speed: yes or no each."""

import numpy as np

from lstm_music.backends.cpu import CpuBackend
from lstm_music.backends.gpu.backend import GpuBackend
from lstm_music.backends.gpu.drawing import Drawing, DrawSettings
from lstm_music.backends.gpu.ring import Ring, unique_id
from lstm_music.backends.gpu.ways import WAYS
from lstm_music.errors import BackendError
from lstm_music.nn.batch_generation import BatchGenerator
from lstm_music.nn.sampling import Sampling


class UnsuitedError(Exception):
    """Something cannot be run here: the message says why."""


def no_memory_is_told():
    """Too large an array is a BackendError that says what to make smaller, and no more is lost."""
    gpu = GpuBackend()
    try:
        with gpu.current():
            gpu.device.empty((1 << 45,), np.uint8)
    except BackendError as error:
        return "smaller" in str(error) and gpu.to_host(gpu.to_device(np.ones(3))).sum() == 3
    return False


def dropout_is_the_cpus():
    """The masks are the CPU's, bit for bit."""
    x, gpu = np.ones(10_001, np.float32), GpuBackend()
    there = gpu.to_device(x)
    gpu.dropout(there, 0.3, 12345, 7)
    CpuBackend(1).dropout(x, 0.3, 12345, 7)
    return np.array_equal(gpu.to_host(there), x)


def draws_are_the_cpus():
    """The same logits, masks and random numbers give the same tokens."""
    rng, gpu, (N, V) = np.random.default_rng(0), GpuBackend(), (64, 897)
    logits = rng.normal(0, 3, (N, V)).astype(np.float32)
    allowed = (rng.random((N, V)) < 0.2).astype(np.uint8)
    for changed in ({}, {"top_k": 9}, {"top_p": 0.9}, {"min_p": 0.05, "temperature": 1.3}):
        chosen = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0} | changed
        with gpu.current():
            sequences = np.arange(N, dtype=np.uint64)
            drawing = Drawing(gpu.device, V, DrawSettings(**chosen), 5, sequences)
            given = [gpu.to_device(x) for x in (logits, np.zeros(V, np.float32), allowed)]
            drawing.draw(*given)
        found = gpu.to_host(drawing.tokens)
        for n in range(N):
            here = Sampling(**chosen).sampler(np.zeros(V, np.uint8), rng_seed=5, sequence=n)
            if here.draw_py(allowed[n], logits[n], np.zeros(1, np.uint64))[0] != found[n]:
                return False
    return True


def updates_repeat(make):
    """Two runs of three updates end with the same bits."""
    ends = []
    for one in (make(), make()):
        for _ in range(3):
            one.update()
        ends.append(one.backend.to_host(one.model.flat_params))
    return np.array_equal(*ends)


def ways_agree(make):
    """Gradients of the other ways are those of the plain one, also when a graph is replayed."""
    found = {}
    for way in WAYS:
        try:
            one = make(way)
        except UnsuitedError:
            continue
        for _ in range(4):
            one.gradients()
        found[way] = one.backend.to_host(one.model.flat_grads)
    plain = found.pop("plain")
    return all(np.abs(other - plain).max() < 1e-4 * np.abs(plain).max() for other in found.values())


def streams_do_not_depend(make, n):
    """A stream's tokens and log probabilities are the same bits alone and among n."""
    model, sampling = make().model, Sampling(temperature=1.0, top_p=0.95)

    def drawn(sequences):
        batch = BatchGenerator(model, sampling, rng_seed=3, sequences=sequences)
        return batch.continue_from(0, 20), batch.drawn[1]

    tokens, log_probs = drawn(range(n))
    return all(
        np.array_equal(alone[0], tokens[s]) and log_prob[0] == log_probs[s]
        for s in (0, n // 2, n - 1)
        for alone, log_prob in [drawn([s])]
    )


def one_rank_sums():
    """NCCL's sum over a ring of one process is what was there."""
    gpu = GpuBackend()
    ring_id = unique_id(gpu.device)
    if ring_id is None:
        raise UnsuitedError("CuPy finds no NCCL: pip install nvidia-nccl-cu12")
    values = np.arange(1000, dtype=np.float32)
    there = gpu.to_device(values)
    with gpu.current():
        Ring(gpu.device, 0, 1, ring_id).add(there)
    return np.array_equal(gpu.to_host(there), values)
