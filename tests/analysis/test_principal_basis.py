import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.principal_basis import (
    components_that_hold,
    fit_last_basis,
    fit_principal_basis,
    measure_explained_variance,
)


def test_basis_finds_the_axes_of_variance_with_fixed_signs():
    vectors = np.array([[0, -3, 0], [0, 3, 0], [-2, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, -1.0]])
    basis = fit_principal_basis(vectors + 10, components=3)
    np.testing.assert_allclose(basis.axes, [[0, 1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(basis.explained, [9 / 14, 4 / 14, 1 / 14])
    np.testing.assert_allclose(basis.project([[10, 13, 10]]), [[3, 0, 0]], atol=1e-12)


def test_the_largest_coordinate_of_an_axis_is_positive_and_of_tied_ones_the_first():
    axes = fit_principal_basis(np.random.default_rng(1).normal(size=(40, 6)), components=6).axes
    assert (axes[np.arange(6), np.abs(axes).argmax(axis=1)] > 0).all()
    falling = np.array([[0, 0], [1, -1], [2, -2.0]])
    for vectors in (falling, falling[::-1], -falling):
        axis = fit_principal_basis(vectors, components=1).axes[0]
        np.testing.assert_allclose(axis, [0.5**0.5, -(0.5**0.5)])


def test_projection_on_all_axes_keeps_distances():
    vectors = np.random.default_rng(0).normal(size=(30, 4))
    projected = fit_principal_basis(vectors, components=4).project(vectors)
    np.testing.assert_allclose(
        np.linalg.norm(projected[0] - projected, axis=1),
        np.linalg.norm(vectors[0] - vectors, axis=1),
    )


def test_standardised_basis_is_the_svd_of_standardised_features():
    vectors = np.random.default_rng(0).normal(size=(30, 3)) * [1, 10, 100] + [0, 5, 0]
    standardised = np.empty_like(vectors)
    for column in range(3):
        values = vectors[:, column]
        mean = sum(values) / 30
        deviation = (sum((value - mean) ** 2 for value in values) / 30) ** 0.5
        for row in range(30):
            standardised[row, column] = (vectors[row, column] - mean) / deviation
    left, singular, _ = np.linalg.svd(standardised)
    basis = fit_principal_basis(vectors, components=3, standardised=True)
    projected = basis.project(vectors)
    np.testing.assert_allclose(np.abs(projected), np.abs(left[:, :3] * singular), atol=1e-9)
    np.testing.assert_allclose(basis.explained, singular**2 / (30 * 3))
    plain = fit_principal_basis(vectors, components=3)
    assert plain.explained[0] > 0.9 > 0.6 > basis.explained[0]


def test_constant_features_count_for_nothing_also_where_float32_rounds_them():
    varying = np.random.default_rng(0).normal(size=(20, 2))
    dead = np.full((20, 2), 0.1)
    dead[::3, 1] = np.nextafter(np.float32(0.1), np.float32(1))
    for standardised in (False, True):
        expected = fit_principal_basis(varying, 2, standardised)
        basis = fit_principal_basis(np.hstack([dead, varying]), 2, standardised)
        np.testing.assert_allclose(basis.axes[:, 2:], expected.axes, atol=1e-12)
        np.testing.assert_allclose(basis.axes[:, :2], 0, atol=1e-12)
        np.testing.assert_allclose(basis.explained, expected.explained)


def test_missing_dimensions_are_padded_with_zeros():
    basis = fit_principal_basis([[0.0, 1], [2, 3]], components=3)
    np.testing.assert_allclose(basis.project([[3.0, 4]]), [[2 * 2**0.5, 0, 0]])
    np.testing.assert_allclose(basis.explained, [1, 0, 0])
    for vectors in (np.full((5, 2), 0.1), [[7.0]]):
        same = fit_principal_basis(vectors, components=3, standardised=True)
        assert not same.explained.any()
        assert not same.project(vectors).any()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_no_vectors_are_refused(shape):
    with pytest.raises(ValueError, match=r"has shape \(\d, \d\)"):
        fit_principal_basis(np.zeros(shape), components=3)


def test_last_basis_is_of_the_last_validation_embeddings(tiny_embeddings):
    basis = fit_last_basis(tiny_embeddings, components=1)
    np.testing.assert_allclose(basis.mean, [5, 0])
    np.testing.assert_allclose(basis.axes, [[1, 0]])


def test_explained_variance_of_the_last_validation_embeddings():
    # Plain: variances 9, 1; standardised: two equal ones.
    last = [(-3.0, -1), (-3, 1), (3, -1), (3, 1)]
    rows = [("a", 1, "validation", 5.0, 5.0), ("a", 2, "test", 9.0, 9.0)]
    rows += [("a", 2, "validation", *values) for values in last]
    table = pd.DataFrame(rows, columns=["class_name", "step", "split", "e0", "e1"])
    explained = measure_explained_variance(table)
    assert explained["projection"].tolist() == ["plain"] * 2 + ["standardised"] * 2
    assert explained["component"].tolist() == [1, 2, 1, 2]
    np.testing.assert_allclose(explained["explained"], [0.9, 0.1, 0.5, 0.5])
    np.testing.assert_allclose(explained["cumulative"], [0.9, 1, 0.5, 1])
    assert components_that_hold(explained, 0.9) == {"plain": 1, "standardised": 2}
    assert components_that_hold(explained, 0.91) == {"plain": 2, "standardised": 2}
    same = measure_explained_variance(table[:1])
    assert components_that_hold(same, 0.9) == {"plain": 0, "standardised": 0}
