"""How long tests wait for processes: on a busy machine all takes many times as long."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from random import SystemRandom

# Seconds until a test gives up.
PATIENCE = 600


def wait_until(reached: Callable[[], object], process: subprocess.Popen | None = None) -> None:
    """Wait until something is so; a process that ends before is an error that tells its output."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def free_port() -> int:
    """Return a port that nothing listens on, below those that the system gives to connections."""
    # Not from a seed: two processes of tests would look for the same.
    for port in SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
