"""Look-alikes of files, bytes, arrays and embeddings."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.analysis.gallery import GalleryError
from plankton_embedding.analysis.gallery_images import collect_gallery_images, fit_to_images
from plankton_embedding.analysis.look_alikes import LookAlikesError
from plankton_embedding.images.given_images import GivenImageError
from plankton_embedding.training.image_embedder import ImageEmbedder, ImageEmbedderOptions
from plankton_embedding.training.image_look_alikes import ImageLookAlikes
from plankton_embedding.training.trained_embedder import TrainedEmbedder


@pytest.fixture(scope="module")
def stored(tiny, trained, manifest):
    last = trained[-1]
    embedder = TrainedEmbedder(last.checkpoint.weights, last.checkpoint.card)
    options = ImageEmbedderOptions.of_parameters(tiny.training, tiny.scan)
    images = collect_gallery_images(last.embeddings, last.checkpoint.card.step)
    gallery = fit_to_images(images, embedder.fingerprint(), 2)
    return SimpleNamespace(
        embedder=ImageEmbedder(embedder, options), gallery=gallery, images=images, manifest=manifest
    )


@pytest.fixture(scope="module")
def look_alikes(stored):
    return ImageLookAlikes.of_gallery(
        stored.embedder, stored.gallery, stored.images, stored.manifest
    )


def test_a_stored_image_is_its_own_nearest_whatever_it_is_given_as(look_alikes, stored):
    own = stored.images["image_id"].iloc[0]
    path = stored.manifest.set_index("image_id").loc[own, "path"]
    with Image.open(path) as image:
        pixels = np.asarray(image)
    with open(path, "rb") as file:
        content = file.read()
    vector = stored.embedder.embed([path])[0]
    found = look_alikes.nearest(path, 3)
    assert found["image_id"].iloc[0] == own
    assert found["path"].iloc[0] == path
    assert found["distance"].iloc[0] < 1e-3
    assert found["distance"].is_monotonic_increasing
    for image in (content, pixels, vector):
        assert look_alikes.nearest(image, 3)["image_id"].tolist() == found["image_id"].tolist()
    several = look_alikes.nearest([vector, path, content], 2)
    assert several["query"].tolist() == [0, 0, 1, 1, 2, 2]
    assert several["image_id"].tolist()[::2] == [own] * 3


def test_what_is_no_image_is_named(look_alikes, tmp_path):
    with pytest.raises(GivenImageError, match="there is no file"):
        look_alikes.nearest(tmp_path / "gone.png", 1)
    with pytest.raises(LookAlikesError, match="8 features"):
        look_alikes.nearest(np.zeros(5), 1)
    with pytest.raises(LookAlikesError, match="one embedder"):
        look_alikes.nearest([np.zeros(8), np.zeros(5)], 1)


def test_a_gallery_of_another_embedder_is_refused(stored):
    other = fit_to_images(stored.images, "another", 2)
    with pytest.raises(GalleryError, match="made by the embedder 'another'"):
        ImageLookAlikes.of_gallery(stored.embedder, other, stored.images, stored.manifest)
    fewer = pd.DataFrame(stored.images.iloc[1:])
    with pytest.raises(GalleryError, match="was not made of these"):
        ImageLookAlikes.of_gallery(stored.embedder, stored.gallery, fewer, stored.manifest)
