"""Ctrl-C and SIGTERM: that a run was ended by them is known, whatever error they became."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

_DEFAULTS: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


class Interruption:
    """Whether this process was told to end.

    Libraries catch KeyboardInterrupt and SystemExit, and what they do about it may fail with an
    error of its own: that of a neighbour in another process, say, who was ended already.

    Attributes
    ----------
    received
        Whether one of the signals came while they were watched.
    """

    def __init__(self) -> None:
        self.received = False

    def watch(self) -> None:
        """Take the signals from now on, where nobody else does; the main thread alone can."""
        self.received = False
        if threading.current_thread() is not threading.main_thread():
            return
        for number, default in _DEFAULTS.items():
            if signal.getsignal(number) is default:
                signal.signal(number, self._end)

    def release(self) -> None:
        """Give the signals back to Python."""
        if threading.current_thread() is threading.main_thread():
            for number, default in _DEFAULTS.items():
                if signal.getsignal(number) == self._end:
                    signal.signal(number, default)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.received = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        # As an error would end it, so that what is open is closed.
        sys.exit(128 + number)
