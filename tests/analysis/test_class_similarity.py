import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from plankton_embedding.analysis.class_similarity import measure_separations
from plankton_embedding.analysis.geometry import link_classes, similarity_order
from plankton_embedding.analysis.steps import step_centroids


def _embed(**places):
    """Return one validation image a class on a line, at step 2, and another layout at step 1."""
    last = pd.DataFrame({"class_name": list(places), "e00": list(places.values())})
    table = pd.concat([last.assign(step=2), last.assign(step=1, e00=0.0)], ignore_index=True)
    return table.assign(split="validation", image_id=table.index.astype(str), e01=0.0)


def _embed_at_random(classes):
    random = np.random.default_rng(3)
    places = pd.DataFrame(random.normal(size=(classes, 4))).rename(columns="e0{}".format)
    names = [f"class {number}" for number in random.permutation(classes)]
    return places.assign(class_name=names, image_id=names, step=1, split="validation")


def test_separations_of_the_last_step_stand_in_order_of_similarity():
    table = measure_separations(_embed(a=0.0, b=10.0, c=1.0, d=12.5))
    assert "".join(table.index) in ("acbd", "dbca")
    assert table.index.name == "class_name"
    assert table.columns.tolist() == table.index.tolist()
    assert table.loc["a", ["a", "b", "c", "d"]].tolist() == [0, 10, 1, 12.5]


def test_separations_agree_with_scipy_and_the_order_of_the_confusion_matrix():
    embeddings = _embed_at_random(12)
    table = measure_separations(embeddings)
    assert table.index.tolist() == similarity_order(step_centroids(embeddings, 1)).tolist()
    vectors = embeddings.set_index("class_name").loc[table.index, ["e00", "e01", "e02", "e03"]]
    np.testing.assert_allclose(table, squareform(pdist(vectors)), atol=1e-12)


def _naive_average_linkage(distances):
    """Join the two groups of the least mean distance, until there is one."""
    groups, joins = [[row] for row in range(len(distances))], []
    while len(groups) > 1:
        pairs = [(i, j) for i in range(len(groups)) for j in range(i)]
        means = [distances[np.ix_(groups[i], groups[j])].mean() for i, j in pairs]
        i, j = pairs[int(np.argmin(means))]
        joins.append((min(means), len(groups[i]) + len(groups[j])))
        groups[j] += groups.pop(i)
    return joins


def test_the_tree_agrees_with_a_naive_loop():
    table = measure_separations(_embed_at_random(12))
    tree = link_classes(table)
    np.testing.assert_allclose(tree[:, 2:], _naive_average_linkage(table.to_numpy()))


def test_similarity_order_is_scipy_s_of_the_vectors_and_a_leaf_order_of_the_tree():
    embeddings = _embed_at_random(12)
    centroids = step_centroids(embeddings, 1)
    expected = linkage(centroids.vectors, method="average", optimal_ordering=True)
    order = similarity_order(centroids)
    assert order.tolist() == centroids.class_names[leaves_list(expected)].tolist()
    tree = link_classes(measure_separations(embeddings))
    for groups in range(2, 12):
        members = fcluster(tree, groups, criterion="maxclust")
        # Each group is one run of neighbours.
        assert (np.diff(members) != 0).sum() == groups - 1


def test_two_classes_and_one_and_identical_ones_have_trees():
    two = measure_separations(_embed(b=3.0, a=1.0))
    assert two.index.tolist() == ["a", "b"]
    assert link_classes(two).tolist() == [[0, 1, 2, 2]]
    one = measure_separations(_embed(a=1.0))
    assert one.to_numpy().tolist() == [[0]]
    assert link_classes(one).shape == (0, 4)
    same = measure_separations(_embed(a=1.0, b=1.0, c=1.0))
    assert link_classes(same)[:, 2].tolist() == pytest.approx([0, 0])
