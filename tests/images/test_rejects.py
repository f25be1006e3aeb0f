import pandas as pd
import pytest

from plankton_embedding.images.rejects import (
    TooManyRejectedError,
    accept_images,
    list_rejected_images,
)
from plankton_embedding.parameters import ScanOptions


def scan_options(max_rejected: float) -> ScanOptions:
    return ScanOptions(max_rejected=max_rejected, min_side=1, max_pixels=10**8, reuse=False)


@pytest.fixture
def manifest(two_classes, scan_folder) -> pd.DataFrame:
    """Four images, and four files that are none."""
    (two_classes / "algae" / "a.txt").write_text("text")
    (two_classes / "copepod" / "b.txt").write_text("text")
    (two_classes / "copepod" / "empty.png").write_bytes(b"")
    (two_classes / "stray.png").write_bytes(b"x")
    return scan_folder(two_classes)


def test_rejected_files_are_listed_by_reason(manifest):
    listed = list_rejected_images(manifest)
    assert listed[["image_id", "class_name", "bytes", "reason"]].values.tolist() == [
        ["copepod/empty.png", "copepod", 0, "empty file"],
        ["algae/a.txt", "algae", 4, "not an image of a known format"],
        ["copepod/b.txt", "copepod", 4, "not an image of a known format"],
        ["stray.png", "", 1, "not in a class folder"],
    ]


def test_accepted_and_rejected_are_all_files(manifest):
    rejected = list_rejected_images(manifest)
    accepted = accept_images(manifest, rejected, scan_options(0.5))
    assert sorted([*accepted["image_id"], *rejected["image_id"]]) == sorted(manifest["image_id"])


def test_more_than_the_limit_is_an_error_that_says_what_and_where(manifest):
    message = (
        r"4 of 8 files were rejected, 50\.0%; scan\.max_rejected allows 49\.0%.*"
        r"'not an image of a known format' \(2 files\), for example .*a\.txt.*rejected_images\.csv"
    )
    with pytest.raises(TooManyRejectedError, match=message):
        accept_images(
            manifest,
            list_rejected_images(manifest),
            scan_options(0.49),
        )


def test_no_rejected_file_is_an_empty_list(two_classes, scan_folder):
    manifest = scan_folder(two_classes)
    rejected = list_rejected_images(manifest)
    assert rejected.empty
    assert len(accept_images(manifest, rejected, scan_options(0))) == 4
