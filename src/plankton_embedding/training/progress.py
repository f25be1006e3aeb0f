"""One progress bar for a whole training; plain lines where there is no terminal."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

logger = logging.getLogger(__name__)

# Reading a loss waits for the device, so it is not done at each batch.
_SECONDS_A_LOSS = 1.0
_SECONDS_A_LINE = 60.0
# Whose pace tells the time left: what came before may have been another stage, or a busy machine.
_EPOCHS_OF_PACE = 2


class Progress:
    """Shows how far a training is: images of all its epochs, images/s, loss, time left.

    Parameters
    ----------
    epochs
        Of the whole training.
    done
        Of these, how many were done by an earlier run.
    is_shown
        Of several processes one shows it.
    """

    def __init__(self, epochs: int, done: int, is_shown: bool = True) -> None:
        self._is_shown = is_shown
        self._epochs, self._done = epochs, done
        self._marks = deque([(time.perf_counter(), done)], maxlen=_EPOCHS_OF_PACE + 1)
        self._share = 0.0
        self._bar: tqdm[Any] | None = None
        self._next_loss = self._next_line = 0.0

    def begin(self, images_an_epoch: int) -> None:
        """Open the bar, when it is known how many images an epoch holds."""
        self._next_line = time.perf_counter() + _SECONDS_A_LINE
        if self._bar is None and self._is_shown:
            self._bar = tqdm(
                total=self._epochs * images_an_epoch,
                initial=self._done * images_an_epoch,
                unit=" images",
                unit_scale=True,
                dynamic_ncols=True,
                # Nothing where standard error is no terminal.
                disable=None,
                smoothing=0.05,
            )

    def advance(self, epoch: int, share: float, images: int, loss: Callable[[], float]) -> None:
        """Count a batch.

        Parameters
        ----------
        epoch
            Number of the epoch.
        share
            Of the epoch that is done.
        images
            Of the batch, in all processes.
        loss
            Returns its loss; asked now and then.
        """
        self._share = share
        now = time.perf_counter()
        if self._bar is None:
            return
        self._bar.update(images)
        if not self._bar.disable and now >= self._next_loss:
            self._next_loss = now + _SECONDS_A_LOSS
            self._bar.set_description_str(f"epoch {epoch}/{self._epochs}", refresh=False)
            self._bar.set_postfix_str(f"loss {loss():.3f}", refresh=False)
        elif self._bar.disable and now >= self._next_line:
            self._next_line = now + _SECONDS_A_LINE
            logger.info(
                "Epoch %d of %d, %.0f %% of it done: loss %.4f, %s left",
                *(epoch, self._epochs, 100 * share, loss(), self.time_left()),
            )

    def finish_epoch(self) -> None:
        """Count an epoch."""
        self._done, self._share = self._done + 1, 0.0
        self._marks.append((time.perf_counter(), self._done))

    def time_left(self) -> timedelta:
        """Estimate the time to the end of the training, by the pace of its latest epochs."""
        since, begun_at = self._marks[0]
        done = self._done + self._share - begun_at
        left = self._epochs - self._done - self._share
        elapsed = time.perf_counter() - since
        return timedelta(seconds=round(elapsed / done * left)) if done else timedelta(0)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()


@contextlib.contextmanager
def show_progress(epochs: int, done: int, is_shown: bool = True) -> Iterator[Progress]:
    """Open a progress bar; log lines are written above it, where there is a terminal."""
    progress = Progress(epochs, done, is_shown)
    redirect = logging_redirect_tqdm() if sys.stderr.isatty() else contextlib.nullcontext()
    with redirect:
        try:
            yield progress
        finally:
            progress.close()
