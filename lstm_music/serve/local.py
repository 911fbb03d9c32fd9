"""The protocol without a server: calls answered where they are made, as in a browser's worker."""

from __future__ import annotations

from collections.abc import Callable

from lstm_music.serve.jobs import Jobs
from lstm_music.serve.limits import Limits
from lstm_music.serve.protocol import (
    JOBS,
    Call,
    Id,
    ServeError,
    envelope,
    error_payload,
    greeting,
    parse_call,
    to_json,
)

METHODS = tuple(sorted(("hello", *JOBS)))


class Local:
    """Answers one call after another, as `lstm_music.serve.service.Service` does for its clients.

    There is one client, and nothing bounds the time or the memory that a call takes: whoever runs
    this in a process or a worker of its own cancels a call by ending that.

    Parameters
    ----------
    limits : how much a call may ask for.
    model : what composes unless a request names another.

    Raises
    ------
    ModelFileError, ConfigError : the model cannot be loaded.
    """

    def __init__(self, limits: Limits | None = None, model: str = "default") -> None:
        self._limits = limits or Limits(workers=1)
        self._model = model
        self._jobs = Jobs(self._limits, model, files=None)

    def answer(self, line: bytes, send: Callable[[bytes], None]) -> bytes:
        """The answer to one line: a result or an error, never an exception.

        Parameters
        ----------
        line : a call, JSON.
        send : called with each take that is ready, if the call wants events.

        Returns
        -------
        line : JSON.
        """
        call_id: Id = None
        try:
            call = parse_call(line, self._limits.request_bytes)
            call_id = call.id
            return envelope(call_id, "result", self._do(call, send))
        except ServeError as error:
            call_id = call_id if error.id is None else error.id
            return envelope(call_id, "error", error_payload(error))
        except Exception as error:
            return envelope(call_id, "error", error_payload(error))

    def _do(self, call: Call, send: Callable[[bytes], None]) -> bytes:
        if call.method not in METHODS:
            raise ServeError(
                "unknown_method",
                f"there is no method {call.method[:64]!r}; there is {', '.join(METHODS)}",
            )
        if call.method == "hello":
            return greeting(METHODS, self._model, self._limits, trusted=False)
        job = {"method": call.method, "params": call.params, "trusted": False}
        try:
            result = self._jobs.do(job, lambda take: send(envelope(call.id, "take", to_json(take))))
        except ModuleNotFoundError as error:  # a browser's page brings few libraries
            raise ServeError(
                "bad_params", f"that needs {error.name}, which is not here; ask for MIDI"
            ) from None
        return to_json(result)
