"""Files that did not change since an earlier scan are not read again."""

import os
import shutil
import time

import pandas as pd
import pytest

from plankton_embedding.images import describe, earlier_scan
from plankton_embedding.images.earlier_scan import EarlierManifest


@pytest.fixture
def rescan(two_classes, scan_folder, monkeypatch):
    """Return a function that scans again; it returns the manifest, and which files it read."""
    first = scan_folder(two_classes, reuse=True)
    read = []
    real = describe.read_file
    monkeypatch.setattr(
        describe, "read_file", lambda place, path: read.append(path) or real(place, path)
    )

    def again(earlier: pd.DataFrame = first, **changes: object) -> tuple[pd.DataFrame, list[str]]:
        read.clear()
        # As if all files had been written long before the scan.
        began = changes.pop("began", time.time_ns() + 3600 * 10**9)
        known = EarlierManifest(earlier, began)
        manifest = scan_folder(two_classes, earlier=known, **{"reuse": True} | changes)
        return manifest, sorted(os.path.relpath(path, two_classes) for path in read)

    return again


def test_nothing_is_read_where_nothing_changed(two_classes, scan_folder, rescan):
    manifest, read = rescan()
    assert read == []
    pd.testing.assert_frame_equal(manifest, scan_folder(two_classes))


def test_only_new_and_changed_files_are_read(two_classes, write_image, scan_folder, rescan):
    write_image(two_classes / "algae" / "new.png", 9)
    (two_classes / "algae" / "1.png").unlink()
    before = os.stat(two_classes / "copepod" / "0.png")
    write_image(two_classes / "copepod" / "0.png", 11)
    # Somebody who sets the time back is noticed all the same.
    os.utime(two_classes / "copepod" / "0.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    manifest, read = rescan()
    assert read == ["algae/new.png", "copepod/0.png"]
    pd.testing.assert_frame_equal(manifest, scan_folder(two_classes))


def test_files_that_changed_a_moment_before_the_scan_are_read_again(two_classes, rescan):
    oldest = min(path.stat().st_ctime_ns for path in two_classes.glob("*/*"))
    assert len(rescan(began=oldest + 10**9)[1]) == 4


@pytest.mark.parametrize("changes", [{"min_side": 3}, {"max_pixels": 10**6}, {"reuse": False}])
def test_a_scan_by_other_parameters_reads_everything(rescan, changes):
    assert len(rescan(**changes)[1]) == 4


def test_another_version_of_the_scan_reads_everything(rescan, monkeypatch):
    monkeypatch.setattr(earlier_scan, "SCAN_VERSION", earlier_scan.SCAN_VERSION + 1)
    assert len(rescan()[1]) == 4


@pytest.mark.parametrize("columns", [[], ["path", "width"]])
def test_a_manifest_that_says_too_little_is_not_used(rescan, columns):
    assert len(rescan(pd.DataFrame(columns=columns))[1]) == 4


def test_a_file_that_may_be_read_at_last_is_read(two_classes, rescan):
    path = two_classes / "algae" / "0.png"
    shutil.move(path, path.with_suffix(".away"))
    path.symlink_to(path.with_suffix(".gone"))
    broken, _ = rescan()
    assert broken.set_index("image_id").loc["algae/0.png", "status"] == "rejected"
    shutil.move(path.with_suffix(".away"), path.with_suffix(".gone"))
    manifest, read = rescan(broken)
    assert "algae/0.png" in read
    assert manifest.set_index("image_id").loc["algae/0.png", "status"] == "accepted"


def test_a_rejected_file_that_did_not_change_stays_rejected(two_classes, rescan):
    (two_classes / "algae" / "text.png").write_text("no image")
    first, _ = rescan()
    second, read = rescan(first)
    assert read == []
    pd.testing.assert_frame_equal(second, first)
