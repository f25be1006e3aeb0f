import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from plankton_embedding.analysis.centroid_classifiers import MahalanobisCentroids, MatchedKMeans
from plankton_embedding.analysis.centroids import classify, fit_centroids
from plankton_embedding.analysis.chosen_neighbours import ChosenNeighbours
from plankton_embedding.analysis.classifiers import ClassifierOptions, predict_by_classifiers
from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from plankton_embedding.analysis.support_vectors import MachineOnComponents, SupportVectorMachine
from plankton_embedding.analysis.votes import most_frequent

_OPTIONS = ClassifierOptions(neighbour_counts=(5,), folds=5, components=20, kmeans_starts=2, seed=0)


def _embeddings(validation, test):
    """Put (class name, vector) pairs into a table of one step."""
    splits = ["validation"] * len(validation) + ["test"] * len(test)
    names, vectors = zip(*validation, *test, strict=True)
    values = np.asarray(vectors, dtype=np.float32).reshape(len(names), -1)
    table = pd.DataFrame(values, columns=[f"e{column:02d}" for column in range(values.shape[1])])
    table.insert(0, "image_id", [f"image_{row}" for row in range(len(table))])
    return table.assign(class_name=names, split=splits, step=1)


def _clouds(classes, images, features=4, seed=3):
    random = np.random.default_rng(seed)
    labels = np.repeat([f"class {number}" for number in range(classes)], images)
    centres = np.repeat(random.normal(size=(classes, features)), images, axis=0)
    return centres + random.normal(scale=0.7, size=centres.shape), labels


@pytest.fixture
def reference_split(reference_folder):
    def read(split):
        table = pd.read_parquet(reference_folder / f"{split}_step_19.parquet")
        image_ids = [f"{split}_{row}" for row in range(len(table))]
        renamed = table.rename(columns={"label": "class_name"})
        return renamed.assign(image_id=image_ids, step=19, split=split)

    return pd.concat([read("validation"), read("test")], ignore_index=True)


def test_accuracies_on_the_reference_embeddings(reference_split):
    predictions, fits = predict_by_classifiers(reference_split, _OPTIONS)
    right = predictions["class_name"] == predictions["predicted_class"]
    accuracy = right.groupby(predictions["classifier"]).mean()
    assert accuracy["nearest centroid"] == 2371 / 2700
    published = {"nearest neighbours": 0.869, "linear SVM": 0.870, "RBF SVM": 0.879}
    for name, value in {**published, "decision tree": 0.797}.items():
        assert accuracy[name] == pytest.approx(value, abs=0.01)
    others = ["RBF SVM on components", "logistic regression", "Mahalanobis centroids"]
    assert (accuracy[others] > 0.87).all()
    assert accuracy["k-means"] > 0.8
    settings = fits.set_index("classifier")["settings"]
    assert settings["nearest neighbours"] == "k = 5"
    assert settings["RBF SVM on components"] == "components: 20, 95 % of variance"
    assert (fits[["fit_seconds", "predict_seconds"]] > 0).all(axis=None)


def test_only_the_last_step_is_used_and_validation_is_what_is_learnt(tiny_embeddings):
    options = ClassifierOptions((1,), folds=2, components=2, kmeans_starts=1, seed=0)
    predictions, _ = predict_by_classifiers(tiny_embeddings, options)
    test = tiny_embeddings[tiny_embeddings["split"] == "test"]
    nearest = predictions[predictions["classifier"] == "nearest centroid"]
    assert nearest["image_id"].tolist() == test["image_id"].tolist()
    assert nearest["predicted_class"].tolist() == ["a", "b", "b", "b"]
    assert predictions["classifier"].nunique() == 9
    assert len(predictions) == 9 * len(test)


def test_a_last_step_without_test_images_is_an_error_that_says_so(tiny_embeddings):
    validation = tiny_embeddings[tiny_embeddings["split"] == "validation"]
    with pytest.raises(EmbeddingsError, match="no test embeddings of step 2"):
        predict_by_classifiers(validation, _OPTIONS)


def test_one_class_is_what_every_classifier_gives():
    table = _embeddings([("a", [0, 1]), ("a", [1, 0])], [("a", [0, 0]), ("b", [9, 9])])
    predictions, fits = predict_by_classifiers(table, _OPTIONS)
    assert set(predictions["predicted_class"]) == {"a"}
    assert set(fits["settings"]) == {"only one class"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "validation",
    [
        [("a", 0), ("b", 5), ("c", 9)],
        [("a", 0)] * 4 + [("b", 0)] * 4,
        [("a", value) for value in range(9)] + [("b", 20)],
        [(str(number // 2), number) for number in range(50)],
        [("<script>", 0), ("<script>", 1), ("é/ü " + "x" * 60, 7), ("NA", 9)],
    ],
    ids=["single vectors", "all identical", "one single vector", "two of each", "strange names"],
)
def test_degenerate_classes_are_classified_without_a_warning(validation):
    table = _embeddings(validation, [("a", 1), ("not in validation", 6)])
    predictions, _ = predict_by_classifiers(table, _OPTIONS)
    assert set(predictions["predicted_class"]) <= {name for name, _ in validation}
    assert len(predictions) == 18


def test_classifiers_say_when_they_did_not_converge():
    vectors, labels = _clouds(3, 10)
    table = _embeddings(list(zip(labels, vectors, strict=True)), [("class 0", vectors[0])])
    _, fits = predict_by_classifiers(table, _OPTIONS)
    settings = fits.set_index("classifier")["settings"]
    assert settings["logistic regression"] == settings["linear SVM"] == "C = 1"
    _, fits = predict_by_classifiers(table.assign(e00=table["e00"] * 1e4), _OPTIONS)
    settings = fits.set_index("classifier")["settings"]
    assert settings["logistic regression"] == "C = 1, stopped after 100 iterations"
    assert settings["linear SVM"] == "C = 1, stopped after 50,000 steps"


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("classes", [2, 3, 11])
def test_machine_predicts_what_scikit_learn_s_does(kernel, classes, monkeypatch):
    monkeypatch.setattr("plankton_embedding.analysis.support_vectors._CHUNK_VALUES", 3000)
    vectors, labels = _clouds(classes, 20)
    machine = SupportVectorMachine(kernel)
    machine.fit(vectors, labels)
    queries = np.random.default_rng(0).normal(size=(300, 4))
    expected = SVC(kernel=kernel).fit(vectors, labels).predict(queries)
    assert machine.predict(queries).tolist() == expected.tolist()


def test_machine_on_components_does_not_care_for_the_scale_of_a_feature():
    vectors, labels = _clouds(4, 20)
    scaled = vectors * [1024, 1, 1, 1 / 1024]
    predicted = []
    for values in (vectors, scaled):
        machine = MachineOnComponents(2)
        machine.fit(values, labels)
        predicted.append(machine.predict(values).tolist())
        assert machine.settings.startswith("components: 2, ")
    assert predicted[0] == predicted[1]


def test_k_is_the_one_of_most_hits_in_held_out_images():
    # Pairs of one class, the pairs mixed: only the very nearest is of help.
    pairs = [("a" if pair % 2 else "b", pair + side) for pair in range(40) for side in (0, 0.1)]
    labels, values = (np.array(column) for column in zip(*pairs, strict=True))
    chosen = ChosenNeighbours((9, 1, 5), folds=80, seed=0)
    chosen.fit(values[:, np.newaxis], labels)
    assert chosen.neighbour_count == 1
    # Two clouds with a stray image in each: more neighbours outvote it.
    vectors = np.r_[np.arange(10), np.arange(100, 110), 4.5, 104.5][:, np.newaxis]
    names = np.array(["a"] * 10 + ["b"] * 10 + ["b", "a"])
    chosen = ChosenNeighbours((1, 5), folds=11, seed=0)
    chosen.fit(vectors, names)
    assert chosen.neighbour_count == 5
    expected = KNeighborsClassifier(5).fit(vectors, names).predict(vectors)
    assert chosen.predict(vectors).tolist() == expected.tolist()


def test_k_is_never_more_than_the_images_that_are_kept():
    chosen = ChosenNeighbours((50,), folds=2, seed=0)
    chosen.fit(np.array([[0.0], [1.0], [5.0], [6.0]]), np.array(["a", "a", "b", "b"]))
    assert chosen.neighbour_count == 2


def test_k_is_possible_in_every_fold_even_if_they_are_uneven():
    vectors, labels = np.random.default_rng(0).normal(size=(11, 2)), np.array([*"aaaaaabbbbb"])
    # Of 11 images in 3 folds 7, 7 and 8 are kept.
    for counts, expected in (((8,), 7), ((8, 11), 7), ((7,), 7), ((6, 8), 6)):
        chosen = ChosenNeighbours(counts, folds=3, seed=0)
        chosen.fit(vectors, labels)
        assert chosen.neighbour_count == expected
        assert set(chosen.predict(vectors)) <= {"a", "b"}
    # To ask all images that are kept is best where nothing but the larger class can be told.
    chosen = ChosenNeighbours((1, 7), folds=3, seed=0)
    chosen.fit(np.arange(11.0)[:, np.newaxis], np.array([*"abaaabaaaba"]))
    assert chosen.neighbour_count == 7


def _naive_vote(vectors, labels, query, count):
    nearest = sorted(range(len(vectors)), key=lambda row: np.linalg.norm(vectors[row] - query))
    votes = labels[nearest[:count]].tolist()
    return max(sorted(set(votes)), key=votes.count)


def test_k_is_the_one_that_a_loop_over_uneven_folds_chooses():
    counts, all_chosen = (1, 3, 4, 7), []
    for seed in range(12):
        vectors, labels = _clouds(2, 6, features=2, seed=seed)
        vectors, labels = vectors[:-1], labels[:-1]
        hits = dict.fromkeys(counts, 0)
        folds = StratifiedKFold(3, shuffle=True, random_state=seed).split(vectors, labels)
        for kept, held_out in folds:
            for row in held_out:
                for count in counts:
                    voted = _naive_vote(vectors[kept], labels[kept], vectors[row], count)
                    hits[count] += voted == labels[row]
        chosen = ChosenNeighbours(counts, folds=3, seed=seed)
        chosen.fit(vectors, labels)
        assert chosen.neighbour_count == max(counts, key=hits.get)
        all_chosen.append(chosen.neighbour_count)
    assert len(set(all_chosen)) > 2


def test_votes_are_counted_as_by_a_loop():
    choices = np.random.default_rng(1).integers(0, 4, size=(200, 5))
    naive = [max(range(4), key=lambda value, row=row: (row == value).sum()) for row in choices]
    assert most_frequent(choices, 4).tolist() == naive


def test_clusters_are_named_so_that_most_images_agree():
    vectors = np.array([[0.0], [1], [2], [50], [51], [100], [101]])
    labels = np.array(["z", "z", "y", "y", "y", "x", "x"])
    clusters = MatchedKMeans(starts=5, seed=0)
    clusters.fit(vectors, labels)
    assert clusters.predict(np.array([[0.5], [49], [120]])).tolist() == ["z", "y", "x"]


def test_every_class_gets_a_cluster_even_if_it_has_the_majority_of_none():
    vectors = np.array([[0.0], [0], [0], [50], [50], [50]])
    labels = np.array(["a", "a", "a", "a", "a", "b"])
    clusters = MatchedKMeans(starts=1, seed=0)
    clusters.fit(vectors, labels)
    assert clusters.predict(np.array([[1.0], [49]])).tolist() == ["a", "b"]


def test_mahalanobis_centroids_look_across_the_spread_not_along_it():
    random = np.random.default_rng(0)
    spread = random.normal(size=(200, 2)) * [10, 0.1]
    vectors = np.concatenate([spread, spread + [5, 2]])
    labels = np.repeat(["low", "high"], 200)
    far_along = np.array([[40.0, 0.3], [-40.0, 1.7]])
    model = MahalanobisCentroids()
    model.fit(vectors, labels)
    assert model.predict(far_along).tolist() == ["low", "high"]
    euclidean, _ = classify(far_along, fit_centroids(vectors, labels))
    assert euclidean.tolist() == ["high", "low"]


def test_mahalanobis_centroids_are_linear_discriminant_analysis_of_equal_priors():
    vectors, labels = _clouds(5, 400)
    vectors = vectors @ np.array([[5, 0, 0, 0], [1, 1, 0, 0], [0, 2, 1, 0], [3, 0, 0, 0.2]])
    model = MahalanobisCentroids()
    model.fit(vectors, labels)
    discriminant = LinearDiscriminantAnalysis(priors=np.full(5, 0.2)).fit(vectors, labels)
    agreed = model.predict(vectors) == discriminant.predict(vectors)
    assert model.shrinkage < 0.05
    assert agreed.mean() > 0.98


def _naive_ledoit_wolf(offsets):
    """Shrink a covariance by the paper's equations: Ledoit & Wolf 2004, section 3.2."""
    images, features = offsets.shape
    unit = np.eye(features)
    outer = [np.outer(offset, offset) for offset in offsets]
    sample = sum(outer) / images
    mean = np.trace(sample) / features
    dispersion = ((sample - mean * unit) ** 2).sum() / features
    error = sum(((one - sample) ** 2).sum() / features for one in outer) / images**2
    shrinkage = min(error, dispersion) / dispersion
    return shrinkage * mean * unit + (1 - shrinkage) * sample, shrinkage


@pytest.mark.parametrize("images", [2, 3, 6])
def test_mahalanobis_centroids_of_few_images_are_those_of_a_naive_ledoit_wolf(images):
    vectors, labels = _clouds(4, images, features=8)
    vectors *= [5, 3, 2, 1, 1, 0.5, 0.3, 0.1]
    names = np.unique(labels)
    means = {name: np.mean(vectors[labels == name], axis=0) for name in names}
    offsets = np.array([row - means[name] for row, name in zip(vectors, labels, strict=True)])
    covariance, shrinkage = _naive_ledoit_wolf(offsets)
    inverse = np.linalg.inv(covariance)
    queries = np.random.default_rng(0).normal(size=(300, 8)) * 2

    def squared(query, name):
        offset = query - means[name]
        return offset @ inverse @ offset

    expected = [min(names, key=lambda name, query=query: squared(query, name)) for query in queries]
    model = MahalanobisCentroids()
    model.fit(vectors, labels)
    assert 0.02 < shrinkage < 0.98
    assert model.shrinkage == pytest.approx(shrinkage)
    assert model.predict(queries).tolist() == expected


def test_the_same_seed_gives_the_same_predictions(tiny_embeddings):
    once, again = (predict_by_classifiers(tiny_embeddings, _OPTIONS)[0] for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
