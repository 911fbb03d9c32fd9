"""The protocol, without any transport: calls and answers as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn, TypeAlias

from lstm_music import __version__
from lstm_music.errors import (
    ConfigError,
    LstmMusicError,
    MidiError,
    ModelFileError,
    TokenError,
)
from lstm_music.serve.limits import Limits

VERSION = 1
"""Of the protocol; it grows when a client of the one before would no longer be understood."""

Id: TypeAlias = str | int | None

JOBS = ("complete", "read", "schema", "models")
"""The methods that `lstm_music.serve.jobs.Jobs` does."""

CODES = {
    "bad_json": (400, "the line is not one JSON object"),
    "bad_call": (400, "the object is not a call: `id`, `method` or `params` are wrong"),
    "unknown_method": (404, "there is no such method"),
    "bad_params": (422, "a parameter is wrong, or the request cannot be met"),
    "bad_music": (422, "the music cannot be read"),
    "bad_model": (422, "there is no such model, or its file is damaged"),
    "forbidden": (403, "this client may not do that; a token may be missing"),
    "too_large": (413, "the request or its answer is larger than allowed"),
    "busy": (429, "too many calls, or too many requests wait already: try again later"),
    "too_slow": (504, "it took longer than allowed, or its turn never came"),
    "out_of_memory": (507, "it needs more memory than allowed"),
    "cancelled": (499, "the client cancelled it, or the server ends"),
    "internal": (500, "a bug, please report it; the next call is not affected"),
}
"""What can go wrong: status in HTTP, and what it means."""

_MOST_ID_CHARACTERS = 256
_CODE_OF = (
    (ConfigError, "bad_params"),
    (MidiError, "bad_music"),
    (TokenError, "bad_music"),
    (ModelFileError, "bad_model"),
    (MemoryError, "out_of_memory"),
)


class ServeError(LstmMusicError):
    """A call failed. ``code`` is a key of ``CODES``; ``id`` that of the call, where it is known."""

    def __init__(self, code: str, message: str, call_id: Id = None) -> None:
        self.code = code
        self.id = call_id
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: ``method`` with ``params``; its answer has the same ``id``."""

    id: Id
    method: str
    params: Mapping[str, Any]


def parse_call(line: bytes, most_bytes: int) -> Call:
    """The call in one line.

    Raises
    ------
    ServeError : it is too large, not JSON, or no call; with the id, if that can be told.
    """
    if len(line) > most_bytes:
        raise too_large(most_bytes)
    try:
        whole = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ServeError("bad_json", f"expected one JSON object a line: {reason}") from None
    if not isinstance(whole, dict):
        raise ServeError("bad_json", f"expected a JSON object, got {_kind(whole)}")
    call_id = _checked_id(whole.get("id"))
    unknown = sorted(set(whole) - {"id", "method", "params"})
    if unknown:
        message = f"a call has id, method and params, got {unknown[0][:64]!r}, too"
        raise ServeError("bad_call", message, call_id)
    method, params = whole.get("method"), whole.get("params", {})
    if not isinstance(method, str):
        raise ServeError("bad_call", f"method must be a string, got {_kind(method)}", call_id)
    if not isinstance(params, dict):
        raise ServeError("bad_call", f"params must be an object, got {_kind(params)}", call_id)
    return Call(call_id, method, params)


def too_large(most_bytes: int) -> ServeError:
    """The error for a call that is too large."""
    return ServeError("too_large", f"a call may have up to {most_bytes} bytes")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _checked_id(value: Any) -> Id:
    if value is None or (isinstance(value, str) and len(value) <= _MOST_ID_CHARACTERS):
        return value
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and abs(value) < 2**53:
        return int(value)
    raise ServeError(
        "bad_call",
        f"id must be null, a whole number below 2**53, or a string of up to {_MOST_ID_CHARACTERS} "
        f"characters, got {_kind(value)}",
    )


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "true or false"}
    return "nothing" if value is None else kinds.get(type(value), "another number")


def greeting(methods: Sequence[str], model: str, limits: Limits, *, trusted: bool) -> bytes:
    """The answer to ``hello``: who answers, and what may be asked."""
    return to_json(
        {
            "name": "lstm_music",
            "version": __version__,
            "protocol": VERSION,
            "methods": list(methods),
            "model": model,
            "trusted": trusted,
            "limits": asdict(limits),
        }
    )


def to_json(value: Any) -> bytes:
    """One line of ASCII.

    Raises
    ------
    ValueError : NaN or an infinity, which JSON has not.
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def envelope(call_id: Id, kind: str, payload: bytes) -> bytes:
    """An answer (kind "result" or "error") or a piece of news ("take", "progress") as one line.

    ``payload`` is JSON already, as it comes from the process that composes.
    """
    head = b'{"id":' + to_json(call_id)
    if kind in ("result", "error"):
        return head + b',"' + kind.encode() + b'":' + payload + b"}"
    return head + b',"event":"' + kind.encode() + b'","data":' + payload + b"}"


def error_payload(error: BaseException) -> bytes:
    """What went wrong, as the object that stands behind "error"."""
    return to_json({"code": error_code(error), "message": _message(error)})


def error_code(error: BaseException) -> str:
    """The code of an error, of ``CODES``."""
    if isinstance(error, ServeError):
        return error.code
    return next((code for kind, code in _CODE_OF if isinstance(error, kind)), "internal")


def _message(error: BaseException) -> str:
    text = " ".join(str(error).split())[:2000]
    if isinstance(error, LstmMusicError):
        return text
    if isinstance(error, MemoryError):
        return "it needs more memory than allowed; ask for less music"
    return f"unexpected {type(error).__name__}: {text}. This is a bug: please report it"
