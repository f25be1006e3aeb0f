"""Who is told of each epoch as it ends, while its step is still being trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EpochListener = Callable[[dict[str, Any]], None]

_listeners: list[EpochListener] = []


def listen_to_epochs(listener: EpochListener) -> Callable[[], None]:
    """Have a function called with each epoch's row of ``training_history``.

    Returns
    -------
    A function that ends this.
    """
    _listeners.append(listener)

    def stop() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return stop


def tell_listeners(row: dict[str, Any]) -> None:
    """Call all that listen."""
    for listener in _listeners:
        listener(row)
