"""Methods that compute on a backend's device."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


def on_device(method: Method) -> Method:
    """The method with its backend's device current, and errors of the device as BackendError."""

    @wraps(method)
    def guarded(self: Any, *arguments: Any, **options: Any) -> Any:
        with self.device.current():
            return method(self, *arguments, **options)

    return guarded  # type: ignore[return-value]
