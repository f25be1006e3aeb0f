"""Feeds give the same batches, wherever the images lie."""

import numpy as np
import pytest
import torch

from plankton_embedding.training import feed as feeds
from plankton_embedding.training.feed import CachedFeed, DeviceCacheError, StreamedFeed, open_feed
from plankton_embedding.training.labelled_images import select_images

CPU = torch.device("cpu")


@pytest.fixture
def images(store, splits):
    return select_images(store, splits, "train")


@pytest.fixture
def options(tiny):
    def build(mode):
        return tiny.training.model_copy(update={"device_cache": mode})

    return build


@pytest.mark.parametrize("mode", ["always", "never", "auto"])
def test_batches_hold_the_images_asked_for_in_order(images, options, mode):
    feed = open_feed(images, CPU, options(mode))
    assert isinstance(feed, CachedFeed) == (mode == "always")
    random = np.random.default_rng(0)
    rows = [random.permutation(len(images))[:4] for _ in range(25)]
    batches = list(feed.batches(rows))
    assert len(batches) == 25
    for batch, wanted in zip(batches, rows, strict=True):
        assert torch.equal(batch, images.gather(wanted))


def test_a_stream_reads_ahead_but_not_all(images):
    asked = []

    def rows():
        for number in range(100):
            asked.append(number)
            yield np.array([number % len(images)])

    stream = StreamedFeed(images, CPU).batches(rows())
    next(stream)
    assert 1 < len(asked) < 10
    stream.close()


def test_an_error_while_reading_ahead_is_not_lost(images):
    with pytest.raises(IndexError):
        list(StreamedFeed(images, CPU).batches([np.array([0]), np.array([10**6])]))


def test_images_that_do_not_fit_are_an_error_that_says_what_to_do(images, options, monkeypatch):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(feeds.torch, "empty", full)
    with pytest.raises(DeviceCacheError, match=r"device_cache is `always`.*`auto` or `never`"):
        open_feed(images, CPU, options("always"))
