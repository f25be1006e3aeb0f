"""Whatever lies in a folder: a good row or a rejected row with a true reason, never an error."""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from malformed_images import encoded, malformed_images, picture
from plankton_embedding.images.describe import describe_files
from plankton_embedding.images.preprocess import preprocess
from plankton_embedding.images.scan import ACCEPTED
from plankton_embedding.parameters import ScanOptions

FILES = {
    "PNG": encoded(picture(), "PNG"),
    "JPEG": encoded(picture("RGB"), "JPEG", quality=90),
    "TIFF": encoded(picture(), "TIFF", compression="tiff_lzw"),
    "TIFF of 16 bits": encoded(picture("I;16"), "TIFF"),
    "BMP": encoded(picture(), "BMP"),
    "GIF": encoded(picture(), "GIF"),
    "WEBP": encoded(picture("RGB"), "WEBP"),
}


@pytest.fixture
def scanned(two_classes, scan_folder):
    cases = list(malformed_images())
    for name, write, _ in cases:
        write(two_classes / "algae" / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        manifest = scan_folder(two_classes, min_side=4, max_pixels=10**8)
    return cases, manifest.set_index("image_id")


def test_there_are_many_kinds():
    cases = list(malformed_images())
    assert len(cases) >= 100
    assert len({name for name, _, _ in cases}) == len(cases)


def test_every_kind_is_a_good_row_or_is_rejected_with_a_true_reason(scanned):
    cases, manifest = scanned
    assert len(manifest) == len(cases) + 4
    wrong = {}
    for name, _, kinds in cases:
        row = manifest.loc[f"algae/{name}"]
        assert (row["status"] == ACCEPTED) == (row["reason"] == "")
        if row["reason"].split(":")[0] not in kinds:
            wrong[name] = row["reason"]
    assert wrong == {}


def test_what_is_accepted_can_be_preprocessed(scanned, preprocess_options):
    _, manifest = scanned
    for path in manifest.loc[manifest["status"] == ACCEPTED, "path"]:
        plane = preprocess(Path(path).read_bytes(), preprocess_options())
        assert plane.shape == (80, 80)
        assert plane.dtype == np.uint8


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_bytes_that_are_lost_or_changed_stop_nothing(file_format, data):
    content = bytearray(FILES[file_format])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[place] ^= data.draw(st.integers(1, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(content)
        options = ScanOptions(max_rejected=1, min_side=4, max_pixels=10**7, reuse=False)
        table = pd.DataFrame({"image_id": ["x"], "path": [str(path)], "reason": [""]})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = describe_files(LocalFileSystem(), options, None, table).iloc[0]
    assert (row["status"] == ACCEPTED) == (row["reason"] == "")
    assert row["bytes"] == len(content)
    assert (len(row["perceptual_hash"]) == 16) == (row["status"] == ACCEPTED)
