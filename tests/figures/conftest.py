"""Small tables in the shapes that the figures take."""

import pandas as pd
import pytest


@pytest.fixture
def training_history() -> pd.DataFrame:
    """Return two epochs of the head by one loss and four of the network by another."""
    return pd.DataFrame(
        {
            "stage": ["head"] * 2 + ["network"] * 4,
            "trained": ["head only"] * 2 + ["whole network"] * 4,
            "loss": ["proxy_softmax"] * 2 + ["triplet"] * 4,
            "step": [1, 1, 2, 2, 3, 3],
            "epoch": range(1, 7),
            "learning_rate": [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4],
            "train_loss": [3.0, 2.0, 0.9, 0.8, 0.7, 0.6],
            "validation_loss": [3.1, 2.2, 1.0, 0.9, 0.9, 0.9],
            "images_per_second": [100.0] * 6,
        }
    )


@pytest.fixture
def step_metrics() -> pd.DataFrame:
    """Return three steps, of which the last was tested."""
    missing = float("nan")
    columns = {
        "step": [1, 2, 3],
        "validation_accuracy": [0.5, 0.7, 0.8],
        "validation_leave_one_out_low": [0.4, 0.6, 0.7],
        "validation_leave_one_out_high": [0.6, 0.8, 0.9],
        "validation_leave_one_out_accuracy": [0.45, 0.65, 0.75],
        "test_accuracy": [missing, missing, 0.78],
        "test_low": [missing, missing, 0.7],
        "test_high": [missing, missing, 0.85],
        "separation_to_radius": [1.0, 1.5, 2.0],
    }
    for name, values in {
        "radius": [1.0, 1.0, 1.0],
        "separation": [1.0, 1.5, 2.0],
        "movement": [missing, 1.0, 0.5],
    }.items():
        series = pd.Series(values)
        columns |= {
            f"mean_{name}": series,
            f"{name}_low": series - 0.1,
            f"{name}_high": series + 0.1,
        }
    return pd.DataFrame(columns)


@pytest.fixture
def class_counts() -> pd.DataFrame:
    """Return a large class, a dropped one, and files outside every class folder."""
    return pd.DataFrame(
        {
            "class_name": ["", "Penilia", "tiny"],
            "found": [2, 1000, 5],
            "rejected": [2, 10, 1],
            "train": [0, 790, 0],
            "validation": [0, 100, 0],
            "test": [0, 100, 0],
            "dropped": [0, 0, 4],
        }
    )
