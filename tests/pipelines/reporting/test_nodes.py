"""What single nodes of the reporting pipeline make."""

from inspect import signature

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.embedding_tables import embedding_matrix
from plankton_embedding.analysis.mistake_severity import class_tree_distances
from plankton_embedding.analysis.principal_basis import fit_principal_basis
from plankton_embedding.parameters import GalleryOptions, ReportingOptions
from plankton_embedding.pipelines.reporting import create_pipeline
from tiny_project import TINY_REPORT

OPTIONS = {"reporting": ReportingOptions.model_validate(TINY_REPORT), "seed": 0}


def made_by_its_node(output, **arguments):
    """Call the function of the node that makes a dataset."""
    (node,) = create_pipeline().only_nodes_with_outputs(output).nodes
    given = OPTIONS | arguments
    made = node.func(**{name: given[name] for name in signature(node.func).parameters})
    return made if len(node.outputs) == 1 else made[node.outputs.index(output)]


@pytest.fixture
def unlike_features():
    """Return embeddings whose first feature is a thousand times as wide as the third."""
    vectors = np.random.default_rng(0).normal(size=(10, 4)) * [100, 1, 0.1, 0.01]
    table = pd.DataFrame(vectors, columns=["e00", "e01", "e02", "e03"])
    names = [f"{row}.png" for row in range(10)]
    labels = ["a", "b"] * 5
    return table.assign(image_id=names, class_name=labels, step=1, split="validation")


@pytest.mark.parametrize(
    ("output", "standardised", "title"),
    [("component_views", False, "embedding"), ("standardised_views", True, "standardised feat")],
)
def test_views_are_along_the_axes_of_plain_or_of_standardised_features(
    unlike_features, output, standardised, title
):
    first, second, _ = made_by_its_node(output, embeddings=unlike_features).axes
    vectors = embedding_matrix(unlike_features)
    # No class has more images than are shown of it.
    coordinates = fit_principal_basis(vectors, 4, standardised).project(vectors)
    dots = [np.asarray(view.collections[0].get_offsets()) for view in (first, second)]
    np.testing.assert_allclose(np.concatenate(dots, axis=1), coordinates, atol=1e-9)
    assert title in first.get_title(loc="left")


def test_the_report_keeps_the_share_that_the_gallery_keeps():
    images = pd.DataFrame({"split": "validation", "scaled_distance": np.arange(10.0)})
    novelty = images.assign(mahalanobis_distance=np.nan, neighbour_distance=np.arange(10.0) ** 2)
    gallery = GalleryOptions(examples=0, kept_share=0.7)
    chosen = made_by_its_node("novelty_thresholds", novelty=novelty, gallery=gallery)
    chosen = chosen.set_index("score")
    assert chosen["kept_share"].tolist() == [0.7] * 3
    assert chosen["threshold"][["scaled_distance", "neighbour_distance"]].tolist() == [6, 36]


def test_confusion_shares_stand_in_alphabetical_order():
    order = ["c", "a", "B"]
    counts = pd.DataFrame([[1, 1, 0], [0, 4, 0], [0, 0, 2]], index=order, columns=order)
    axes = made_by_its_node("confusion_shares", confusion_counts=counts).axes[0]
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [tick.get_text() for tick in ticks] == ["B", "a", "c"]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "100", (1, 1): "100", (2, 2): "50", (1, 2): "50"}


def test_severity_at_random_is_among_the_classes_of_the_last_step():
    steps = {1: ["egg__a", "gone"], 2: ["egg__a", "tail__a", "b", "new__c"]}
    geometry = pd.concat([pd.DataFrame({"step": s, "class_name": n}) for s, n in steps.items()])
    predictions = pd.DataFrame(
        {
            "image_id": ["x", "y"],
            "class_name": ["egg__a", "egg__a"],
            "predicted_class": ["b", "egg__a"],
            "step": 2,
            "split": "test",
        }
    )
    inputs = {"predictions": predictions, "class_geometry": geometry}
    summary = made_by_its_node("mistake_severity_summary", **inputs)
    table = made_by_its_node("mistake_severity", **inputs)
    edges, _ = class_tree_distances(["egg__a"], ["tail__a", "b", "new__c"])
    assert edges.tolist() == [[2, 3, 4]]
    assert summary["chance_mean"] == pytest.approx(3)
    assert summary["chance_same_parent_share"] == pytest.approx(1 / 3)
    assert table["severity"].tolist() == [2, 3, 4]
    np.testing.assert_allclose(table["chance_mistakes"], 1 / 3)
