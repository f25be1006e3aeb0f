"""A tiny project whose embedder is trained and has a gallery, and copies of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from tiny_project import draw_images, make_project

# What the pipelines enrol and inference begin with.
_MODELS = (
    "06_models/embedder",
    "07_model_output/gallery_embeddings.parquet",
    "07_model_output/class_gallery",
    "07_model_output/decision_rule.json",
)


def run(project: Path, *pipelines: str, **params: object) -> None:
    """Run pipelines of a project in this process; parameters by their nested names."""
    bootstrap_project(project)
    with KedroSession.create(project, runtime_params=params) as session:
        session.run(pipeline_names=list(pipelines))


def train_project(folder: Path) -> Path:
    """Train on three classes, and make the gallery."""
    project = make_project(folder / "project", draw_images(folder / "images"))
    run(project, "data_engineering", "modelling", "gallery")
    return project


def copy_models(trained: Path, folder: Path) -> Path:
    """Make a project of the trained one's embedder and gallery; its files can be replaced."""
    project = make_project(folder / "project", trained.parent / "images")
    for name in _MODELS:
        shutil.copytree(trained / "data" / name, project / "data" / name, copy_function=os.link)
    return project


def versions(project: Path, dataset: str) -> list[Path]:
    """Return the files or folders of a dataset's versions, the oldest first."""
    home = project / "data" / dataset
    return sorted(version / home.name for version in home.glob("*/"))


def latest(project: Path, dataset: str) -> Path:
    """Return the newest of them."""
    return versions(project, dataset)[-1]


def predictions(project: Path) -> pd.DataFrame:
    """Read the latest predictions, by image_id."""
    path = latest(project, "07_model_output/class_predictions.parquet")
    return pd.read_parquet(path).set_index("image_id")
