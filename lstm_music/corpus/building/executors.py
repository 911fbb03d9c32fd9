"""Where the work on a corpus is done: the same code over joblib's back-ends.

``local`` runs processes of this machine, ``dask://HOST:PORT`` the workers of a Dask scheduler,
``ray`` or ``ray://HOST:PORT`` those of a Ray cluster. The workers of a cluster must see the same
folders under the same names: they read the files and write into the cache themselves.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Protocol, TypeVar

from lstm_music import __version__
from lstm_music.errors import ConfigError, LstmMusicError

_T = TypeVar("_T")
_R = TypeVar("_R")


class Run(Protocol):
    """Maps a function over chunks of work."""

    def __call__(self, function: Callable[[_T], _R], chunks: Iterable[_T], /) -> Iterator[_R]:
        """The results, in whatever order they come."""


_CONNECT_SECONDS = "10s"
_WATCH_SECONDS = 0.5


def n_cores() -> int:
    """Cores that this process may use."""
    from joblib import cpu_count

    return int(cpu_count())


@contextmanager
def executor(name: str, jobs: int | None = None) -> Iterator[Run]:
    """A function that maps over chunks of work, results in whatever order they come.

    Parameters
    ----------
    name : "local", "dask://HOST:PORT", "ray" or "ray://HOST:PORT".
    jobs : processes on this machine, None = one a core; on a cluster, all that it has.

    Raises
    ------
    ConfigError : no such executor, its package is not installed, or nobody answers there.
    """
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs must be 1 or more, got {jobs}")
    scheme, _, address = name.partition("://")
    if name == "local":
        # Worker processes inherit the standard streams, which a host program may not have.
        alone = sys.stdout is None or sys.stderr is None
        yield _local(1 if alone else jobs or n_cores())
    elif scheme == "dask" and address:
        with _dask(address) as run:
            yield run
    elif name == "ray" or (scheme == "ray" and address):
        with _ray(name) as run:
            yield run
    else:
        raise ConfigError(
            f"executor must be local, dask://HOST:PORT, ray or ray://HOST:PORT, got {name!r}"
        )


def _local(jobs: int) -> Run:
    if jobs == 1:
        return map
    return lambda function, chunks: _parallel(
        partial(_while_parent_lives, os.getpid(), function), chunks, n_jobs=jobs, backend="loky"
    )


def _while_parent_lives(parent: int, function: Callable[[_T], _R], chunk: _T) -> _R:
    _end_with(parent)
    return function(chunk)


@cache
def _end_with(parent: int) -> None:
    """End this process when its parent has been killed; else it would wait for work for minutes.

    Ctrl-C it leaves to the parent. A mask that it has inherited is not enough: loky unblocks SIGINT
    where it starts its tracker of resources, and what it does between two chunks could be hit.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _parallel(
    function: Callable[[_T], _R], chunks: Iterable[_T], *, lazily: bool = True, **options: object
) -> Iterator[_R]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = Parallel(
        batch_size=1,
        pre_dispatch="2*n_jobs",
        return_as="generator_unordered" if lazily else "list",
        **options,
    )
    try:
        with _interrupts_held_back():
            results = pool(delayed(function)(chunk) for chunk in chunks)
        yield from results
    except TerminatedWorkerError as error:
        raise WorkerDiedError(
            "a worker process was killed, perhaps for want of memory; what was read is kept: "
            "run it again to go on, with fewer --jobs"
        ) from error


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Processes started herein never see Ctrl-C: only the one at the terminal may answer it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    signals = {signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class WorkerDiedError(LstmMusicError):
    """The system ended a process that was reading."""


@contextmanager
def _dask(address: str) -> Iterator[Run]:
    try:
        from distributed import Client
        from joblib import parallel_config
    except ImportError as error:
        raise _missing("dask", "distributed", error) from error
    try:
        client = Client(f"tcp://{address}", timeout=_CONNECT_SECONDS, set_as_default=True)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(
            f"no Dask scheduler answers at {address} ({error}); start one with `dask scheduler` "
            "and workers with `dask worker`, or leave --executor out"
        ) from error
    try:
        _check_workers(client, address)
        with parallel_config("dask"):
            yield _parallel
    finally:
        client.close()


def _check_workers(client: Any, address: str) -> None:
    """A worker that cannot import the package would leave the run waiting for ever."""
    found = client.run(_our_version, on_error="return")
    if not found:
        raise ConfigError(
            f"the Dask scheduler at {address} has no workers; start some: dask worker {address}"
        )
    for worker, answer in found.items():
        if answer != __version__:
            raise ConfigError(
                f"the Dask worker {worker} answers {answer!r}, expected lstm_music {__version__}; "
                "install the same version there and start the worker again"
            )


def _our_version() -> str:
    return __version__


@contextmanager
def _ray(name: str) -> Iterator[Run]:
    try:
        import ray
        from joblib import parallel_config
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise _missing("ray", "ray", error) from error
    was_running = ray.is_initialized()
    try:
        if not was_running:
            ray.init(address=None if name == "ray" else name, log_to_driver=False)
    except Exception as error:  # Ray raises a dozen kinds
        raise ConfigError(f"no Ray cluster answers at {name} ({error})") from error
    try:
        register_ray()
        with parallel_config("ray"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Ray's pool gives its results in one list; they are small.
            yield lambda function, chunks: _parallel(function, chunks, lazily=False, n_jobs=-1)
    finally:
        if not was_running:
            ray.shutdown()


def _missing(scheme: str, package: str, error: ImportError) -> ConfigError:
    return ConfigError(
        f"--executor {scheme} needs a package that is not installed ({error}): "
        f"pip install {package}, or leave --executor out"
    )
