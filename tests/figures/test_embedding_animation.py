import json

import numpy as np
import pandas as pd
import plotly.io
import pytest

from plankton_embedding.analysis.embedding_motion import EmbeddingMotion, follow_training
from plankton_embedding.figures.class_bodies import class_ellipsoids, class_spheres, unit_sphere
from plankton_embedding.figures.embedding_animation import draw_embedding_animation


@pytest.fixture
def motion():
    """Two steps; class a of two images moves by 1 along the first axis, class b comes later."""
    missing = np.full(3, np.nan)
    return EmbeddingMotion(
        steps=(1, 4),
        steps_embedded=5,
        image_ids=np.array(["<p>", "q", "r"]),
        image_classes=np.array(["<a>", "<a>", "b"]),
        images=np.array([[[0, 0, 0], [2, 0, 0], missing], [[1, 0, 0], [3, 0, 0], [0, 5, 0]]]),
        class_names=np.array(["<a>", "b"]),
        centroids=np.array([[[1, 0, 0], missing], [[2, 0, 0], [0, 5, 0]]]),
        covariances=np.stack([np.stack([np.eye(3), np.full((3, 3), np.nan)]), np.zeros((2, 3, 3))]),
        radii=np.array([[1, np.nan], [0.5, 0]]),
        explained=np.array([0.6, 0.4, 0.0]),
    )


def _corners(trace):
    return np.stack([np.asarray(trace[axis], dtype=float) for axis in "xyz"], axis=1)


def _random_embeddings(classes, steps, features=4, images=3):
    random = np.random.default_rng(0)
    count = classes * images
    table = pd.DataFrame(random.normal(size=(count * steps, features)).astype("float32"))
    table = table.add_prefix("e")
    names = [f"class_{number:03}_of_a_longer_name" for number in range(classes)]
    return table.assign(
        class_name=names * images * steps,
        image_id=[f"{number}" for number in range(count)] * steps,
        step=np.repeat(np.arange(steps) + 1, count),
        split="validation",
    )


def test_frames_hold_images_centroids_trails_and_spheres_of_their_step(motion):
    figure = draw_embedding_animation(motion, "sphere")
    assert [frame.name for frame in figure.frames] == ["1", "4"]
    first, last = figure.frames
    assert first.traces == last.traces == tuple(range(6))
    images, trail, body = first.data[:3]
    np.testing.assert_array_equal(_corners(images), [[0, 0, 0], [2, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(_corners(trail), [[1, 0, 0]])
    np.testing.assert_allclose(np.linalg.norm(_corners(body) - [1, 0, 0], axis=1), 1, atol=1e-6)
    assert np.isnan(_corners(first.data[3])).all()
    images, trail, body = last.data[:3]
    np.testing.assert_array_equal(_corners(images), [[1, 0, 0], [3, 0, 0], [2, 0, 0]])
    np.testing.assert_array_equal(_corners(trail), [[1, 0, 0], [2, 0, 0]])
    np.testing.assert_allclose(np.linalg.norm(_corners(body) - [2, 0, 0], axis=1), 0.5, atol=1e-6)


def test_the_last_step_is_shown_first_and_names_are_escaped(motion):
    figure = draw_embedding_animation(motion, "ellipsoid")
    for shown, framed in zip(figure.data, figure.frames[-1].data, strict=True):
        np.testing.assert_array_equal(_corners(shown), _corners(framed))
    images, trail, body = figure.data[:3]
    assert images.name == "&lt;a&gt;"
    assert images.text[0] == "<b>&lt;a&gt;</b><br>&lt;p&gt;"
    assert images.text[2] == "<b>&lt;a&gt;</b><br>centroid"
    assert images.marker.size[2] > images.marker.size[1] == images.marker.size[0]
    assert images.legendgroup == trail.legendgroup == body.legendgroup
    assert [trace.showlegend for trace in figure.data[:3]] == [None, False, False]
    slider = figure.layout.sliders[0]
    assert (slider.active, [step.label for step in slider.steps]) == (1, ["1", "4"])
    assert [step.args[0] for step in slider.steps] == [("1",), ("4",)]
    assert slider.currentvalue.suffix == " (2 of 5 steps are shown)"
    bodies, player = figure.layout.updatemenus
    assert [button.label for button in player.buttons] == ["Play", "Pause"]
    assert bodies.buttons[1].args == ({"opacity": 0}, (2, 5))


def test_ranges_hold_all_frames_at_one_scale(motion):
    scene = draw_embedding_animation(motion, "sphere").layout.scene
    # x: from the sphere at step 1, 0, to the image at 3; y: from its -1 to 5; 3 % of 6 beside.
    assert scene.xaxis.range == (pytest.approx(-0.18), pytest.approx(3.18))
    assert scene.yaxis.range == (pytest.approx(-1.18), pytest.approx(5.18))
    assert scene.aspectmode == "manual"
    spans = {axis: np.ptp(scene[f"{axis}axis"].range) for axis in "xyz"}
    ratios = [scene.aspectratio[axis] / spans[axis] for axis in "xyz"]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)
    assert scene.zaxis.title.text == "PC 3 (no variance)"


def test_sphere_is_closed_and_of_radius_one():
    vertices, triangles = unit_sphere()
    np.testing.assert_allclose(np.linalg.norm(vertices, axis=1), 1)
    sides = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    # Closed, and all triangles turn the same way: each side is walked once either way.
    assert len({tuple(side) for side in sides.tolist()}) == len(sides)
    assert {tuple(side) for side in sides.tolist()} == {
        tuple(side[::-1]) for side in sides.tolist()
    }
    assert len(vertices) - len(sides) // 2 + len(triangles) == 2
    spheres = class_spheres(np.array([[1.0, 2, 3]]), np.array([2.0]))
    np.testing.assert_allclose(np.linalg.norm(spheres[0] - [1, 2, 3], axis=1), 2)


def test_ellipsoid_holds_half_of_a_normal_distribution_and_has_its_axes():
    random = np.random.default_rng(0)
    shape = random.normal(size=(3, 3))
    covariance = shape @ shape.T
    centroid = np.array([5.0, 6, 7])
    offsets = class_ellipsoids(centroid[np.newaxis], covariance[np.newaxis])[0] - centroid
    squared = np.einsum("vi,ij,vj->v", offsets, np.linalg.inv(covariance), offsets)
    drawn = random.multivariate_normal(np.zeros(3), covariance, size=20_000)
    held = np.einsum("vi,ij,vj->v", drawn, np.linalg.inv(covariance), drawn) < squared.mean()
    np.testing.assert_allclose(squared, squared[0])
    assert held.mean() == pytest.approx(0.5, abs=0.01)
    variances, axes = np.linalg.eigh(covariance)
    sphere, _ = unit_sphere()
    lengths = np.sqrt(squared[0] * variances)
    for direction, offset in zip(sphere, offsets, strict=True):
        expected = sum(
            length * (axis @ direction) * axis for length, axis in zip(lengths, axes.T, strict=True)
        )
        np.testing.assert_allclose(offset, expected)


def test_bodies_of_one_image_are_a_point_and_of_a_missing_class_nothing():
    centroids = np.array([[1.0, 2, 3], [np.nan] * 3])
    covariances = np.stack([np.zeros((3, 3)), np.full((3, 3), np.nan)])
    for bodies in (
        class_ellipsoids(centroids, covariances),
        class_spheres(centroids, np.array([0, np.nan])),
    ):
        np.testing.assert_array_equal(bodies[0], np.tile([1, 2, 3], (42, 1)))
        assert np.isnan(bodies[1]).all()


@pytest.mark.parametrize("body", ["ellipsoid", "sphere"])
@pytest.mark.parametrize("features", [1, 2, 3])
def test_few_dimensions_one_class_one_image_can_be_drawn(body, features):
    table = _random_embeddings(classes=1, steps=2, features=features, images=1)
    figure = draw_embedding_animation(follow_training(table, 5, 5, seed=0), body)
    ranges = [figure.layout.scene[f"{axis}axis"].range for axis in "xyz"]
    assert all(low < high for low, high in ranges)
    assert all(np.isfinite(_corners(trace)).all() for trace in figure.data)


def test_one_step_has_nothing_to_play():
    table = _random_embeddings(classes=2, steps=1)
    figure = draw_embedding_animation(follow_training(table, 5, 5, seed=0), "ellipsoid")
    assert not figure.frames
    assert not figure.layout.sliders
    assert len(figure.layout.updatemenus) == 1
    assert len(figure.data) == 6


def test_a_hundred_classes_are_small_and_survive_being_saved():
    table = _random_embeddings(classes=100, steps=30)
    motion = follow_training(table, per_class=10, most_steps=5, seed=0)
    text = draw_embedding_animation(motion, "ellipsoid").to_json()
    # A fifth frame more or less costs the same: 20 steps stay under 4 MB.
    assert len(text) < 4e6 * 6 / 20
    again = plotly.io.from_json(text)
    assert json.loads(again.to_json()) == json.loads(text)
