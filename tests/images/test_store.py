import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from plankton_embedding.images.shards import ImageStoreError
from plankton_embedding.images.store import ImageStore
from plankton_embedding.images.store_writer import write_image_blocks

SIZE = 6
IDS = [f"class {number % 3}/größer {number}.png" for number in range(11)]
PIXELS = np.random.default_rng(8).integers(0, 256, (11, SIZE, SIZE), dtype=np.uint8)
PREPROCESS = {"image_size": SIZE, "fit": "resize", "background": "white", "crop_bottom": 0}


def write(folder: Path, images_per_shard: int = 4) -> None:
    starts = range(0, len(IDS), images_per_shard)
    parts = [slice(start, start + images_per_shard) for start in starts]
    write_image_blocks(folder, ((IDS[part], PIXELS[part]) for part in parts), PREPROCESS, "f1")


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return the folder of a store of eleven images in shards of 4, 4 and 3."""
    path = tmp_path / "nested" / "store"
    write(path)
    return path


@pytest.mark.parametrize("images_per_shard", [1, 4, 11, 50])
def test_what_was_written_is_read(tmp_path, images_per_shard):
    write(tmp_path / "store", images_per_shard)
    store = ImageStore(tmp_path / "store")
    assert len(store) == 11
    assert store.image_size == SIZE
    assert store.image_ids.tolist() == IDS
    read = store.images(np.arange(11))
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, PIXELS)
    assert len(store.card.shards) == -(-11 // images_per_shard)


def test_the_index_describes_the_store_to_others_too(folder):
    with pa.ipc.open_file(str(folder / "index.arrow")) as reader:
        table = reader.read_all()
    assert table["image_id"].to_pylist() == IDS
    said = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    assert said["image_size"] == str(SIZE)
    assert said["images"] == "11"
    assert said["fingerprint"] == "f1"
    assert json.loads(said["preprocess"]) == PREPROCESS
    names = ["shard-00000.arrow", "shard-00001.arrow", "shard-00002.arrow"]
    assert [tuple(shard[:2]) for shard in json.loads(said["shards"])] == [
        (names[0], 4),
        (names[1], 4),
        (names[2], 3),
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["index.arrow", *names]


def test_shards_are_arrow_files_that_others_can_read(folder):
    with pa.ipc.open_file(str(folder / "shard-00002.arrow")) as reader:
        table = reader.read_all()
    assert table.column_names == ["image_id", "sha256", "image"]
    assert table["image_id"].to_pylist() == IDS[8:]
    assert table["image"][0].as_py() == PIXELS[8].ravel().tolist()


def test_images_come_in_any_order_and_with_repeats(folder):
    store = ImageStore(folder)
    random = np.random.default_rng(0)
    for count in [0, 1, 5, 40]:
        rows = random.integers(0, 11, count)
        expected = [PIXELS[row] for row in rows]
        read = store.images(rows)
        assert read.shape == (count, SIZE, SIZE)
        for image, naive in zip(read, expected, strict=True):
            np.testing.assert_array_equal(image, naive)


def test_images_can_be_changed_without_changing_the_store(folder):
    store = ImageStore(folder)
    store.images(np.array([4]))[:] = 0
    np.testing.assert_array_equal(store.images(np.array([4]))[0], PIXELS[4])


def test_rows_are_those_of_the_ids(folder):
    store = ImageStore(folder)
    wanted = [IDS[9], IDS[0], IDS[9], IDS[5]]
    assert store.rows(wanted).tolist() == [9, 0, 9, 5]
    np.testing.assert_array_equal(store.images(store.rows(wanted)), PIXELS[[9, 0, 9, 5]])
    assert store.images(store.rows([])).shape == (0, SIZE, SIZE)


def test_an_image_that_is_not_held_is_named(folder):
    message = r"does not hold 'copepod/7\.png'.*Run `kedro run --pipelines data_engineering` again"
    with pytest.raises(ImageStoreError, match=message):
        ImageStore(folder).rows([IDS[0], "copepod/7.png"])


def test_pixels_stay_on_disk_when_a_store_is_opened(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 300, 300), dtype=np.uint8)
    blocks = [([f"{part}/{n}" for n in range(8)], pixels) for part in range(2)]
    write_image_blocks(tmp_path / "store", blocks, {}, "f1")
    before = pa.total_allocated_bytes()
    store = ImageStore(tmp_path / "store")
    assert pa.total_allocated_bytes() - before < pixels[0].nbytes
    # What is changed in the file shows in the images: they were not read yet.
    path = tmp_path / "store" / "shard-00001.arrow"
    place = path.read_bytes().index(pixels.tobytes())
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes(300 * 300))
    assert (store.images(np.array([8])) == 0).all()
    np.testing.assert_array_equal(store.images(np.array([9, 0])), pixels[[1, 0]])


def test_a_store_that_broke_off_cannot_be_opened(tmp_path):
    def blocks():
        yield IDS[:4], PIXELS[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_image_blocks(tmp_path / "store", blocks(), PREPROCESS, "f1")
    assert (tmp_path / "store" / "shard-00000.arrow").exists()
    message = r"store holds no complete image store \(index\.arrow.*Build it with `kedro run"
    with pytest.raises(ImageStoreError, match=message):
        ImageStore(tmp_path / "store")


def test_a_missing_store_is_named(tmp_path):
    with pytest.raises(ImageStoreError, match="nowhere holds no complete image store"):
        ImageStore(tmp_path / "nowhere")


def test_a_store_that_lost_a_shard_cannot_be_opened(folder):
    (folder / "shard-00001.arrow").unlink()
    with pytest.raises(
        ImageStoreError, match=r"no complete image store .*shard-00001\.arrow is missing"
    ):
        ImageStore(folder)


@pytest.mark.parametrize("name", ["index.arrow", "shard-00001.arrow"])
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_damaged_store_is_named(folder, name, kept):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ImageStoreError, match=r"image store .*store is damaged: .*Build it again"):
        ImageStore(folder)


def test_a_store_of_another_format_is_refused(folder, monkeypatch):
    monkeypatch.setattr("plankton_embedding.images.store.FORMAT", "99")
    with pytest.raises(ImageStoreError, match="is damaged: it has format 2, not 99"):
        ImageStore(folder)


def test_more_shards_than_files_may_be_open(tmp_path, monkeypatch):
    monkeypatch.setattr("plankton_embedding.images.store._MOST_OPEN_FILES", 2)
    write(tmp_path / "store", images_per_shard=1)
    store = ImageStore(tmp_path / "store")
    rows = np.random.default_rng(0).integers(0, 11, 200)
    with ThreadPoolExecutor(8) as threads:
        for read in threads.map(store.images, [rows] * 8):
            np.testing.assert_array_equal(read, PIXELS[rows])
    assert len(store._files) == 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells what is resident")
def test_reading_a_whole_store_leaves_little_of_it_in_memory(tmp_path):
    def mapped_megabytes():
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if "RssFile" in line).split()[1]) / 1024

    pixels = np.random.default_rng(0).integers(0, 256, (600, 256, 256), dtype=np.uint8)
    blocks = (
        ([f"{start + row}" for row in range(200)], pixels[start : start + 200])
        for start in (0, 200, 400)
    )
    write_image_blocks(tmp_path / "store", blocks, PREPROCESS, "f1")
    store = ImageStore(tmp_path / "store")
    before = mapped_megabytes()
    for start in range(0, 600, 10):
        rows = np.arange(start, start + 10)
        np.testing.assert_array_equal(store.images(rows), pixels[rows])
    # 39 MB were read.
    assert mapped_megabytes() - before < 10
