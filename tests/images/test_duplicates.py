import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plankton_embedding.images.duplicates import find_duplicates
from plankton_embedding.images.near_hashes import find_near_pairs, hamming_distance
from plankton_embedding.images.perceptual_hash import hash_pictures, shrink
from plankton_embedding.parameters import DuplicateOptions
from tiny_project import ROOT

REAL = ROOT.parent / "shared" / "real_plankton" / "pwssc"


NOISE = 0xA53C_F00F_1234_9BDE


def options(max_distance: int = 0, max_size_difference: float = 0.1) -> DuplicateOptions:
    return DuplicateOptions(max_distance=max_distance, max_size_difference=max_size_difference)


def table(*rows: tuple) -> pd.DataFrame:
    """Return images of 100 x 80 pixels: id, class, content, hash, and a width if another."""
    return pd.DataFrame(
        [
            {
                "image_id": image_id,
                "class_name": class_name,
                "sha256": content,
                # Else it would be that of a single spot.
                "perceptual_hash": f"{number ^ NOISE:016x}",
                "width": rest[0] if rest else 100,
                "height": 80,
            }
            for image_id, class_name, content, number, *rest in rows
        ]
    )


def pairs(found: pd.DataFrame) -> dict[str, tuple]:
    columns = ["duplicate_of", "kind", "distance", "label_conflict"]
    rows = found[columns].itertuples(index=False, name=None)
    return dict(zip(found["image_id"], rows, strict=True))


def test_copies_name_the_first_of_them():
    images = table(
        ("c", "algae", "x", 5), ("a", "algae", "x", 5), ("b", "algae", "y", 9), ("d", "egg", "x", 5)
    )
    found = find_duplicates(images, options())
    assert pairs(found) == {"c": ("a", "exact", 0, False), "d": ("a", "exact", 0, True)}
    conflict = found.set_index("image_id").loc["d"]
    assert (conflict["class_name"], conflict["class_name_of_other"]) == ("egg", "algae")


def test_pictures_that_look_alike_and_are_of_one_size_are_near_copies():
    images = table(
        ("a", "k", "1", 7), ("b", "k", "2", 7, 109), ("c", "k", "3", 7, 300), ("d", "k", "4", 8)
    )
    assert pairs(find_duplicates(images, options())) == {"b": ("a", "near", 0, False)}
    assert pairs(find_duplicates(images, options(max_size_difference=0))) == {}


def test_the_distance_is_a_parameter():
    images = table(("a", "k", "1", 0), ("b", "k", "2", 0b11), ("c", "k", "3", 0b111111 << 50))
    assert pairs(find_duplicates(images, options(1))) == {}
    assert pairs(find_duplicates(images, options(2))) == {"b": ("a", "near", 2, False)}
    assert set(pairs(find_duplicates(images, options(6)))) == {"b", "c"}


def test_a_copy_of_a_copy_is_a_copy():
    images = table(
        ("a", "k", "1", 0), ("b", "k", "1", 0b1), ("c", "m", "2", 0b11), ("d", "k", "3", 99)
    )
    assert pairs(find_duplicates(images, options(1))) == {
        "b": ("a", "exact", 1, False),
        "c": ("b", "near", 1, True),
    }


def test_pictures_of_one_hash_are_compared_by_both_sides():
    images = table(("a", "k", "1", 7), ("b", "k", "2", 7), ("c", "k", "3", 7, 101))
    images.loc[1, "height"] = 500
    assert pairs(find_duplicates(images, options())) == {"c": ("a", "near", 0, False)}


def test_single_spots_are_no_copies_of_one_another():
    y, x = np.mgrid[-1:1:60j, -1:1:60j]
    spots = [np.exp(-((x - 0.13) ** 2 + (y + 0.21) ** 2) / width) for width in (0.02, 0.03, 0.04)]
    planes = [(250 * spot + 2).astype(np.uint8) for spot in spots]
    hashes = hash_pictures(np.stack([shrink(plane) for plane in planes]))
    images = table(*((f"{n}", "kc"[n % 2], f"{n}", 0) for n in range(3)))
    assert find_duplicates(images.assign(perceptual_hash=hashes), options(2)).empty
    same = images.assign(perceptual_hash=hashes, sha256="x")
    assert len(find_duplicates(same, options(2))) == 2


@pytest.mark.parametrize("count", [0, 1])
def test_few_images_have_no_copies(count):
    found = find_duplicates(table(("a", "k", "1", 3))[:count], options(2))
    assert found.empty
    assert list(found)[:3] == ["image_id", "class_name", "duplicate_of"]


def test_saved_again_and_renamed_is_found_and_another_animal_is_not(tmp_path, scan_folder):
    random = np.random.default_rng(4)
    y, x = np.mgrid[-1:1:90j, -1:1:120j]
    for name, slant in (("algae", 0.3), ("egg", -0.6)):
        (tmp_path / name).mkdir()
        picture = np.where((x - slant * y) ** 2 + y**2 < 0.3, 60, 230)
        noisy = picture + random.normal(0, 6, x.shape)
        image = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
        image.save(tmp_path / name / "first.png")
        image.save(tmp_path / name / "again.jpg", quality=95)
        image.save(tmp_path / name / "other bytes.png", compress_level=1)
    found = find_duplicates(scan_folder(tmp_path), options(4))
    assert found["image_id"].tolist() == [
        f"{name}/{copy}" for name in ("algae", "egg") for copy in ("first.png", "other bytes.png")
    ]
    assert not found["label_conflict"].any()
    assert set(found["kind"]) == {"near"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.sets(st.integers(0, 63), max_size=6)), max_size=20),
    st.integers(0, 6),
)
def test_pairs_are_those_of_comparing_each_with_each(origins, copies, distance):
    values = origins + [
        origins[place % len(origins)] ^ sum(1 << bit for bit in bits) for place, bits in copies
    ]
    hashes = np.array(values, dtype=np.uint64)
    left, right = find_near_pairs(hashes, distance)
    found = {frozenset(pair) for pair in zip(left.tolist(), right.tolist(), strict=True)}
    naive = {
        frozenset((one, other))
        for one in range(len(values))
        for other in range(one)
        if bin(values[one] ^ values[other]).count("1") <= distance
    }
    assert found == naive
    assert (hamming_distance(hashes[left], hashes[right]) <= distance).all()


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real_plankton/pwssc is not there")
def test_copies_among_real_images_are_few(scan_folder):
    manifest = scan_folder(REAL)
    found = find_duplicates(manifest, options(0, 0.02))
    # Looked at: each of them shows one animal twice.
    assert 5 <= len(found) <= 40
    assert (found["distance"] == 0).all()
