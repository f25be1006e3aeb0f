"""Memory of large tensors on the CPU, kept for the next batch."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_NEVER, _TOP_PAD = 2**31 - 1, 64 << 20


def keep_freed_memory() -> bool:
    """Have glibc keep freed memory instead of handing it back to the system.

    By default each large tensor is a mapping of its own: the system clears its pages when they
    are first touched and takes them back when the tensor dies, in every batch anew, which took a
    sixth of a step. The process stays as large as its largest batch made it.

    Returns
    -------
    whether it could be done: on Linux with glibc
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _NEVER), (_M_TOP_PAD, _TOP_PAD))
    return all(mallopt(name, value) for name, value in settings)
