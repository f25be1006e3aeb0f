import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.projection import (
    fit_principal_basis,
    project_images,
    sample_per_class,
)


def test_basis_finds_the_axes_of_variance_with_fixed_signs():
    vectors = np.array([[0, -3, 0], [0, 3, 0], [-2, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, -1.0]])
    basis = fit_principal_basis(vectors + 10, components=3)
    np.testing.assert_allclose(basis.axes, [[0, 1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(basis.explained, [9 / 14, 4 / 14, 1 / 14])
    np.testing.assert_allclose(basis.project([[10, 13, 10]]), [[3, 0, 0]], atol=1e-12)


def test_projection_on_all_axes_keeps_distances():
    vectors = np.random.default_rng(0).normal(size=(30, 4))
    projected = fit_principal_basis(vectors, components=4).project(vectors)
    np.testing.assert_allclose(
        np.linalg.norm(projected[0] - projected, axis=1),
        np.linalg.norm(vectors[0] - vectors, axis=1),
    )


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 5\)"):
        fit_principal_basis(np.zeros((2, 5)), components=3)


def test_sample_takes_so_many_of_each_class_and_depends_on_the_seed():
    labels = np.array(["a"] * 50 + ["b"] * 2 + ["a"] * 50)
    chosen = sample_per_class(labels, per_class=10, seed=1)
    assert (labels[chosen] == "a").sum() == 10
    assert (labels[chosen] == "b").sum() == 2
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, sample_per_class(labels, per_class=10, seed=1))
    assert chosen.tolist() != sample_per_class(labels, per_class=10, seed=2).tolist()


def test_projected_images_come_with_their_centroids():
    values = np.random.default_rng(0).normal(size=(8, 3))
    table = pd.DataFrame(values, columns=["e00", "e01", "e02"])
    table.insert(0, "class_name", list("aabbbbbb"))
    table.insert(0, "image_id", [f"{row}.png" for row in range(8)])
    points, explained = project_images(table, per_class=3, seed=0)
    assert points["class_name"].tolist() == ["a", "a", "b", "b", "b", "a", "b"]
    assert points["is_centroid"].tolist() == [False] * 5 + [True] * 2
    assert explained.sum() == pytest.approx(1)
    axes = ["pc1", "pc2", "pc3"]
    mean = points.loc[:1, axes].mean().to_numpy(dtype=float)
    np.testing.assert_allclose(points.loc[5, axes].to_numpy(dtype=float), mean, atol=1e-12)
