"""Progress: a bar in a terminal, plain lines elsewhere, and a sound estimate of the time left."""

import io
import logging
from datetime import timedelta

import pytest

from plankton_embedding.training import progress as progress_module
from plankton_embedding.training.progress import Progress


def loss():
    return 1.5


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(progress_module.time, "perf_counter", lambda: Clock.now)
    return Clock


def test_time_left_goes_by_the_pace_of_this_run(clock):
    # 4 of 10 epochs were done by an earlier run, whose pace says nothing.
    progress = Progress(epochs=10, done=4)
    progress.begin(images_an_epoch=100)
    clock.now += 60
    progress.finish_epoch()
    assert progress.time_left() == timedelta(seconds=5 * 60)
    clock.now += 30
    progress.advance(6, share=0.5, images=50, loss=loss)
    assert progress.time_left() == timedelta(seconds=4.5 * 60)


def test_time_left_goes_by_the_pace_of_now(clock):
    progress = Progress(epochs=10, done=0)
    progress.begin(images_an_epoch=100)
    # The machine was busy with something else, or a stage was slower.
    clock.now += 600
    progress.finish_epoch()
    assert progress.time_left() == timedelta(seconds=9 * 600)
    for _ in range(2):
        clock.now += 60
        progress.finish_epoch()
    assert progress.time_left() == timedelta(seconds=7 * 60)


def test_without_a_terminal_a_long_epoch_tells_of_itself_now_and_then(clock, caplog):
    caplog.set_level(logging.INFO)
    progress = Progress(epochs=2, done=0)
    progress.begin(images_an_epoch=1000)
    for batch in range(1, 101):
        clock.now += 1.5
        progress.advance(1, batch / 100, 10, loss)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0] == "Epoch 1 of 2, 40 % of it done: loss 1.5000, 0:04:00 left"


def test_in_a_terminal_one_bar_shows_rate_loss_and_time_left(monkeypatch, caplog):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    caplog.set_level(logging.INFO)
    progress = Progress(epochs=2, done=0)
    progress.begin(images_an_epoch=100)
    for batch in range(1, 11):
        progress.advance(1, batch / 10, 10, loss)
    progress.finish_epoch()
    progress.close()
    shown = terminal.getvalue()
    assert "epoch 1/2" in shown
    assert "loss 1.500" in shown
    assert "100/200" in shown
    assert "images/s" in shown
    assert not caplog.records
