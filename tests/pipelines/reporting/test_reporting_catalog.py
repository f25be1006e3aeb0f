"""Tables written as CSV come back as they were, whatever classes are called."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from kedro.io import DataCatalog

_CATALOG = Path(__file__).parents[3] / "conf" / "base" / "catalog" / "reporting.yml"
NAMES = ["007", "NA", "null", 'a,b\n"c"']


@pytest.fixture
def catalog(tmp_path):
    read = yaml.safe_load(_CATALOG.read_text())
    entries = {
        name: entry
        for name, entry in read.items()
        if not name.startswith("_") and "filepath" in entry
    }
    for entry in entries.values():
        entry["filepath"] = str(tmp_path / Path(entry["filepath"]).name)
    return DataCatalog.from_config(entries)


def test_class_metrics_round_trip(catalog):
    table = pd.DataFrame(
        {
            "class_name": NAMES,
            "recall": [1 / 3, 0.1, 1.0, float("nan")],
            "nearest_class": NAMES[::-1],
        }
    )
    catalog.save("class_metrics", table)
    pd.testing.assert_frame_equal(catalog.load("class_metrics"), table)


def test_confusion_counts_round_trip(catalog):
    index = pd.Index(NAMES, name="class_name")
    table = pd.DataFrame(range(4), index=index, columns=["007"]).reindex(
        columns=NAMES, fill_value=0
    )
    catalog.save("confusion_counts", table)
    pd.testing.assert_frame_equal(catalog.load("confusion_counts"), table)


def test_step_metrics_round_trip(catalog):
    table = pd.DataFrame({"step": [1, 2], "test_accuracy": [float("nan"), 1 / 3]})
    catalog.save("step_metrics", table)
    pd.testing.assert_frame_equal(catalog.load("step_metrics"), table)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("confused_pairs", ["class_name", "predicted_class"]),
        ("confusions_over_steps", ["class_name", "predicted_class"]),
        ("pair_examples", ["image_id"]),
        ("class_prevalence", ["class_name"]),
        ("label_suspects", ["image_id", "class_name", "suggested_class", "neighbour_1"]),
    ],
)
def test_names_that_look_like_numbers_or_nothing_stay_text(catalog, name, columns):
    table = pd.DataFrame(dict.fromkeys(columns, NAMES)).assign(number=[1, 2, 3, 4])
    catalog.save(name, table)
    pd.testing.assert_frame_equal(catalog.load(name), table)


def test_separations_round_trip(catalog):
    index = pd.Index(NAMES, name="class_name")
    table = pd.DataFrame(1.5, index=index, columns=NAMES)
    catalog.save("separations", table)
    pd.testing.assert_frame_equal(catalog.load("separations"), table)
