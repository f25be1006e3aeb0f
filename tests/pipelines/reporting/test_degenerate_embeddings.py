"""The whole report on embeddings that are hardly any."""

import numpy as np
import pandas as pd
import pytest

from plankton_embedding.analysis.embedding_tables import EmbeddingsError
from report_run import report_on_embeddings

LONG = "a class whose name is of sixty characters, to the very last: "
NAMES = [f"{LONG}A", f"{LONG}B", "Krebs / Übermut 蝦", "</script>", "NA"]


def table(rows, features):
    """Return embeddings of rows (class, split, step, place)."""
    columns = ["class_name", "split", "step", "e00"]
    made = pd.DataFrame(rows, columns=columns).astype({"e00": "float32"})
    made.insert(0, "image_id", [f"{name}/{number}" for number, name in enumerate(made[columns[0]])])
    rest = np.random.default_rng(0).normal(scale=0.01, size=(len(made), features - 1))
    others = {f"e{number:02d}": values for number, values in enumerate(rest.T, start=1)}
    return made.assign(**{name: values.astype("float32") for name, values in others.items()})


def test_one_class_at_one_step(tmp_path):
    rows = [("only", split, 1, place) for split in ("validation", "test") for place in range(3)]
    outputs = report_on_embeddings(table(rows, 4), tmp_path)
    assert outputs["metrics"]["test"]["last"]["accuracy"] == 1
    assert outputs["confusion_counts"].to_numpy().tolist() == [[3]]
    assert outputs["class_metrics"]["nearest_class"].isna().all()
    assert "100.0 %" in outputs["report"]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_strange_names_single_images_and_identical_classes_in_two_dimensions(tmp_path):
    rows = [
        (name, split, 1, 0 if number < 2 else number)
        for number, name in enumerate(NAMES)
        for split in ("validation", "test")
        for _ in range(1 if name == "NA" else 4)
    ]
    outputs = report_on_embeddings(table(rows, 2), tmp_path)
    # The first two classes lie in one place: chance decides between them.
    counts = outputs["confusion_counts"]
    assert counts.to_numpy().sum() == 17
    assert counts.loc[NAMES[2:], NAMES[2:]].to_numpy().trace() == 9
    separations = outputs["separations"]
    assert separations.loc[NAMES[0], NAMES[1]] < 0.1
    assert "&lt;/<wbr>script&gt;" in outputs["report"]
    # Names without a parent: no empty figure.
    assert "so mistakes are all alike" in outputs["report"]
    assert "Mistakes by severity, beside chance" not in outputs["report"]
    assert "Krebs / Übermut 蝦".replace("/", "/<wbr>") in outputs["report"]
    assert outputs["label_suspects"]["image_id"].str.startswith("NA").sum() == 0


def test_a_vector_that_is_no_number_is_named(tmp_path):
    embeddings = table([("a", "validation", 1, 0), ("a", "test", 1, np.nan)], 2)
    with pytest.raises(EmbeddingsError, match=r"image 'a/1' \(step 1, split test\)"):
        report_on_embeddings(embeddings, tmp_path)
