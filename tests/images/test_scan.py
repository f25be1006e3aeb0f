import hashlib
import os
import threading

import imagehash
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from plankton_embedding.images import scan as scanning
from plankton_embedding.images.scan import ACCEPTED, REJECTED
from plankton_embedding.images.source import ImageSourceError


@pytest.fixture
def scan(scan_folder):
    return scan_folder


def _reasons(manifest: pd.DataFrame) -> dict[str, str]:
    rejected = manifest[manifest["status"] == REJECTED]
    assert (manifest.loc[manifest["status"] == ACCEPTED, "reason"] == "").all()
    return dict(zip(rejected["image_id"], rejected["reason"], strict=True))


def test_a_row_describes_its_file(two_classes, write_image, scan):
    path = write_image(two_classes / "copepod" / "wide.png", 7, height=5, width=31)
    content = path.read_bytes()
    row = scan(two_classes).set_index("image_id").loc["copepod/wide.png"]
    assert row.pop("scanned_as").startswith("1 1 100000000 decoded ")
    assert row.to_dict() == {
        "path": str(path),
        "class_name": "copepod",
        "prepared_split": "",
        "width": 31,
        "height": 5,
        "mode": "L",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "perceptual_hash": str(imagehash.phash(Image.open(path))),
        "orientation": 1,
        "frames": 1,
        "scale_bar": 0,
        "status": "accepted",
        "reason": "",
    }


@pytest.mark.parametrize("files_a_task", [1, 4, 512])
def test_a_row_for_every_file_in_order_of_the_ids(
    two_classes, write_image, scan, monkeypatch, files_a_task
):
    monkeypatch.setattr(scanning, "_FILES_A_BLOCK", files_a_task)
    write_image(two_classes / "overview.png")
    write_image(two_classes / "algae" / "more" / "2.png")
    manifest = scan(two_classes)
    assert manifest["image_id"].tolist() == [
        "algae/0.png",
        "algae/1.png",
        "algae/more/2.png",
        "copepod/0.png",
        "copepod/1.png",
        "overview.png",
    ]
    assert manifest["class_name"].tolist() == ["algae"] * 3 + ["copepod"] * 2 + [""]


@pytest.mark.parametrize(
    ("name", "mode", "light"),
    [
        ("x.png", "RGB", (255, 255, 255)),
        ("x.png", "RGBA", (0, 0, 0, 255)),
        ("x.png", "1", 1),
        ("x.png", "I;16", 65535),
        ("x.png", "P", 200),
        ("x.jpg", "CMYK", (255, 0, 0, 0)),
        ("x.tif", "F", 1.0),
    ],
)
def test_the_mode_is_that_of_the_file(two_classes, scan, name, mode, light):
    image = Image.new(mode, (3, 2))
    if mode == "P":
        image.putpalette([level for level in range(256) for _ in "rgb"])
    image.putpixel((0, 0), light)
    image.save(two_classes / "algae" / name)
    row = scan(two_classes).set_index("image_id").loc[f"algae/{name}"]
    assert (row["mode"], row["width"], row["height"]) == (mode, 3, 2)
    assert row["status"] == ACCEPTED


def test_equal_pixels_have_equal_perceptual_hashes_in_any_format(two_classes, scan):
    pixels = np.random.default_rng(2).integers(0, 256, (20, 30), dtype=np.uint8)
    for name in ["same.png", "same.bmp", "same.tif"]:
        Image.fromarray(pixels).save(two_classes / "algae" / name)
    hashes = scan(two_classes).set_index("image_id")["perceptual_hash"]
    assert hashes[["algae/same.png", "algae/same.bmp", "algae/same.tif"]].nunique() == 1
    assert hashes["algae/0.png"] != hashes["algae/1.png"]


def test_bad_files_are_rejected_with_their_reason_and_stop_nothing(two_classes, scan):
    algae = two_classes / "algae"
    whole = (algae / "0.png").read_bytes()
    (algae / "broken.png").symlink_to("nowhere.png")
    (algae / "cut.png").write_bytes(whole[: len(whole) - 40])
    (algae / "empty.png").write_bytes(b"")
    (algae / "loop.png").symlink_to("loop.png")
    (algae / "text.png").write_text("not pixels")
    Image.new("LAB", (4, 4)).save(algae / "x.tif")
    Image.new("RGB", (9, 9), "teal").save(algae / "flat.png")
    manifest = scan(two_classes)
    reasons = _reasons(manifest)
    assert reasons.pop("algae/cut.png").startswith("truncated image: ")
    assert reasons == {
        "algae/broken.png": "broken link or file that vanished",
        "algae/empty.png": "empty file",
        "algae/flat.png": "one flat colour",
        "algae/loop.png": "broken link or file that vanished",
        "algae/text.png": "not an image of a known format",
        "algae/x.tif": "mode LAB cannot be turned into gray",
    }
    assert len(manifest) == 11
    cut = manifest.set_index("image_id").loc["algae/cut.png"]
    assert cut["sha256"] == hashlib.sha256(whole[: len(whole) - 40]).hexdigest()
    assert cut["bytes"] == len(whole) - 40


def test_a_file_that_cannot_be_read_is_rejected(two_classes, forbid, scan):
    forbid(two_classes / "algae" / "1.png")
    assert _reasons(scan(two_classes)) == {"algae/1.png": "no permission to read it"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_rejected_and_not_waited_for(two_classes, scan):
    pipe = two_classes / "algae" / "pipe.png"
    os.mkfifo(pipe)
    # Who waits for the pipe all the same is let go, so that the test fails and does not hang.
    let_go = threading.Timer(2, lambda: os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK)))
    let_go.start()
    manifest = scan(two_classes)
    let_go.cancel()
    assert _reasons(manifest) == {"algae/pipe.png": "not a regular file"}


def test_a_file_name_that_is_not_utf8_is_rejected_and_shown_escaped(two_classes, scan):
    content = (two_classes / "algae" / "0.png").read_bytes()
    try:
        (two_classes / "algae" / os.fsdecode(b"caf\xe9.png")).write_bytes(content)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    manifest = scan(two_classes)
    assert _reasons(manifest) == {r"algae/caf\udce9.png": "file name is not UTF-8"}
    assert manifest["bytes"].min() > 0


def test_misplaced_images_are_rejected_whatever_they_hold(two_classes, write_image, scan):
    write_image(two_classes / "overview.png")
    write_image(two_classes / "algae" / "more" / "2.png")
    write_image(two_classes / ".thumbnails" / "0.png")
    (two_classes / "notes.txt").write_text("")
    assert _reasons(scan(two_classes)) == {
        "overview.png": "not in a class folder",
        "algae/more/2.png": "in a folder inside a class folder",
        ".thumbnails/0.png": "not in a class folder",
        "notes.txt": "not in a class folder",
    }


def test_class_and_file_names_survive_as_they_are(tmp_path, write_image, scan):
    names = [" Calanus sp.", "007", "1e3", "NA", "None", "null", "Öfter größer", "浮游生物"]
    for number, name in enumerate(names):
        write_image(tmp_path / name / f"{name} ü.png", number)
    manifest = scan(tmp_path)
    assert (manifest["status"] == ACCEPTED).all()
    assert manifest["class_name"].tolist() == sorted(names)
    assert manifest["image_id"].tolist() == [f"{name}/{name} ü.png" for name in sorted(names)]


def test_one_class_only_is_named_with_what_to_do(tmp_path, write_image, scan):
    write_image(tmp_path / "algae" / "0.png")
    with pytest.raises(ImageSourceError, match=r"one class only \('algae'\).*give its parent"):
        scan(tmp_path)


def test_an_empty_class_folder_is_named_with_what_to_do(two_classes, scan):
    (two_classes / "diatom").mkdir()
    with pytest.raises(
        ImageSourceError,
        match=r"class 'diatom' of .*\(the folder is empty\).*take the class folder",
    ):
        scan(two_classes)


def test_class_folders_that_are_all_empty_are_named(tmp_path, scan):
    (tmp_path / "algae").mkdir()
    (tmp_path / "diatom").mkdir()
    with pytest.raises(ImageSourceError, match="no readable image in class 'algae', 'diatom'"):
        scan(tmp_path)


def test_a_class_without_a_readable_image_is_named_with_an_example(two_classes, scan):
    (two_classes / "diatom").mkdir()
    (two_classes / "diatom" / "0.png").write_text("not pixels")
    message = r"class 'diatom' of .*\(for example diatom/0\.png: not an image.*Repair the files"
    with pytest.raises(ImageSourceError, match=message):
        scan(two_classes)


def test_a_folder_too_high_up_is_explained(tmp_path, two_classes, write_image, scan):
    write_image(tmp_path / "other" / "0.png")
    message = r"class 'images' of .*algae/0\.png: in a folder inside a class folder"
    with pytest.raises(ImageSourceError, match=message):
        scan(tmp_path)
