import numpy as np
import pytest
from scipy.spatial import ConvexHull

from plankton_embedding.analysis.hulls import convex_hull


def _sorted_rows(points):
    return np.array(sorted(np.asarray(points, dtype=float).tolist()))


def _volume(hull):
    middle = hull.vertices.mean(axis=0)
    corners = hull.vertices[hull.triangles] - middle
    return np.abs(np.linalg.det(corners)).sum() / 6


def test_hull_of_a_square_goes_round_its_corners():
    hull = convex_hull([[0, 0], [1, 1], [2, 2], [2, 0], [0, 2], [0.5, 1.5]])
    np.testing.assert_array_equal(_sorted_rows(hull.vertices), [[0, 0], [0, 2], [2, 0], [2, 2]])
    sides = hull.vertices - np.roll(hull.vertices, 1, axis=0)
    np.testing.assert_allclose(np.linalg.norm(sides, axis=1), 2)


def test_hull_of_a_cube_has_its_corners_and_its_volume():
    corners = np.stack(np.meshgrid([0, 2], [0, 2], [0, 2]), axis=-1).reshape(-1, 3)
    hull = convex_hull(np.concatenate([[[1, 1, 1]], corners, [[1, 0.5, 1]]]))
    np.testing.assert_array_equal(_sorted_rows(hull.vertices), _sorted_rows(corners))
    assert hull.triangles.shape == (12, 3)
    assert _volume(hull) == pytest.approx(8)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_hull_of_random_points_is_that_of_scipy(dimensions):
    points = np.random.default_rng(0).normal(size=(100, dimensions)) + 50
    hull, expected = convex_hull(points), ConvexHull(points)
    np.testing.assert_array_equal(
        _sorted_rows(hull.vertices), _sorted_rows(points[expected.vertices])
    )
    if dimensions == 3:
        assert _volume(hull) == pytest.approx(expected.volume)


def test_hull_of_points_in_a_tilted_plane_is_a_polygon():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4], [1, 2.0]])
    tilted = square @ [[1, 2, 0.5], [0, 1, -3]] + [5, 6, 7]
    hull = convex_hull(tilted)
    np.testing.assert_allclose(_sorted_rows(hull.vertices), _sorted_rows(tilted[:4]))
    assert sorted(np.unique(hull.triangles)) == [0, 1, 2, 3]
    first, second, third = np.moveaxis(hull.vertices[hull.triangles], 1, 0)
    areas = np.linalg.norm(np.cross(second - first, third - first), axis=1) / 2
    assert areas.sum() == pytest.approx(16 * np.linalg.norm(np.cross([1, 2, 0.5], [0, 1, -3])))


@pytest.mark.parametrize("away", [0, 50])
def test_a_thin_hull_is_no_line_and_a_thin_body_no_polygon(away):
    thin = np.array([[0, 0], [1, 0], [1, 1e-4], [0, 1e-4], [0.5, 5e-5]])
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    hull = convex_hull(thin @ turn + away)
    np.testing.assert_allclose(
        _sorted_rows(hull.vertices), _sorted_rows(thin[:4] @ turn + away), atol=1e-12
    )
    first, second, third = np.moveaxis(hull.vertices[hull.triangles], 1, 0)
    across, up = (second - first).T, (third - first).T
    assert np.abs(across[0] * up[1] - across[1] * up[0]).sum() / 2 == pytest.approx(1e-4)
    plate = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1e-4]), axis=-1).reshape(-1, 3) + away
    body = convex_hull(plate)
    np.testing.assert_array_equal(_sorted_rows(body.vertices), _sorted_rows(plate))
    assert _volume(body) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("points", "vertices"),
    [
        ([[1, 2, 3]], [[1, 2, 3]]),
        ([[0.1, 0.2]] * 5, [[0.1, 0.2]]),
        ([[1, 1], [0, 0], [3, 3], [2, 2]], [[0, 0], [3, 3]]),
        ([[0, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 1]]),
    ],
)
def test_hulls_of_a_place_and_of_a_line_have_no_triangles(points, vertices):
    hull = convex_hull(points)
    np.testing.assert_array_equal(_sorted_rows(hull.vertices), vertices)
    assert hull.triangles.shape == (0, 3)


@pytest.mark.parametrize("shape", [(0, 3), (5, 4), (5, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="2 or 3 dimensions"):
        convex_hull(np.zeros(shape))
