"""Pictures by id: from the store, else from a file, else none."""

import numpy as np
import pytest
from PIL import Image

from plankton_embedding.images.pictures import read_pictures
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.sample.newcomer import draw_newcomer
from plankton_embedding.images.store import ImageStore


@pytest.mark.slow
def test_pictures_come_from_the_store_or_from_files(trained_once, tiny, tmp_path):
    (folder,) = (trained_once / "data/05_model_input/image_store").glob("*/image_store")
    store = ImageStore(folder)
    stored = str(store.image_ids[0])
    Image.fromarray(np.full((30, 60), 100, np.uint8)).save(tmp_path / "new.png")
    (tmp_path / "bad.png").write_text("no image")
    paths = {name: str(tmp_path / f"{name}.png") for name in ("new", "bad", "gone")}
    paths[stored] = paths["new"]
    found = read_pictures([stored, "new", "bad", "gone", "unknown", stored], store, paths)
    assert [*found] == [stored, "new"]
    np.testing.assert_array_equal(found[stored], store.images(store.rows([stored]))[0])
    wanted = preprocess((tmp_path / "new.png").read_bytes(), tiny.preprocess)
    np.testing.assert_array_equal(found["new"], wanted)
    assert stored in store
    assert "unknown" not in store
    assert [*read_pictures(["new"], store)] == []


def test_a_newcomer_is_drawn_once_and_always_the_same(tmp_path):
    folder = draw_newcomer(tmp_path / "one", seed=0, images=2)
    first = sorted(folder.glob("*.png"))
    assert folder.name == "ring__of_beads"
    assert len(first) == 2
    times = [path.stat().st_mtime_ns for path in first]
    draw_newcomer(tmp_path / "one", seed=0, images=3)
    assert [path.stat().st_mtime_ns for path in first] == times
    again = draw_newcomer(tmp_path / "two", seed=0, images=2)
    for path in first:
        assert (again / path.name).read_bytes() == path.read_bytes()
    assert first[0].read_bytes() != first[1].read_bytes()
