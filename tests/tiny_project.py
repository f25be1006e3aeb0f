"""What tests begin with: a tiny folder of class folders, tiny parameters, a tiny Kedro project."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
IMAGES_A_CLASS = 10
TINY_REPORT = {
    "title": "Tiny",
    "catch_all_classes": ["other"],
    "confusions": {"order": "similarity", "pairs": 3, "images_per_pair": 2},
    "components": {
        "images_per_class": 5,
        "central_share": 0.9,
        "explained_share": 0.9,
        "animated_images_per_class": 2,
        "animated_steps": 3,
    },
    "map": {"images": 12, "neighbours": 5, "min_distance": 0.1, "shown_neighbours": 3},
    "classifiers": {
        "neighbour_counts": [1, 3],
        "folds": 2,
        "components": 2,
        "kmeans_starts": 2,
        "bootstrap_draws": 100,
    },
    "retrieval": {"ranks": [1, 5], "kmeans_starts": 2, "silhouette_images": 100},
    "label_suspects": {"neighbours": 3, "limit": 10, "shown": 3},
    "open_world": {
        "support_sizes": [1, 2, "all"],
        "held_out_share": 0.5,
        "draws": 3,
        "neighbours": 3,
        "pixel_side": 8,
        "novelty_neighbours": 2,
        "curve_points": 20,
        "smallest_sample": 2,
        "bootstrap_draws": 100,
        "calibration_bins": 3,
    },
}
NO_DUPLICATES = pd.DataFrame({"image_id": [], "duplicate_of": []}, dtype="str")


def draw_images(folder: Path, images_per_class: int = IMAGES_A_CLASS) -> Path:
    """Draw three classes that differ by their shape: bars, discs and frames, some way noisy."""
    random = np.random.default_rng(5)
    y, x = np.mgrid[-1:1:40j, -1:1:40j]
    shapes = {
        "bar": np.abs(y) < 0.2,
        "disc": x**2 + y**2 < 0.5,
        "frame": (np.maximum(np.abs(x), np.abs(y)) > 0.7) & (np.maximum(abs(x), abs(y)) < 0.9),
    }
    for name, shape in shapes.items():
        (folder / name).mkdir(parents=True)
        for number in range(images_per_class):
            gray = np.where(shape, random.integers(20, 120), 240) + random.normal(0, 8, shape.shape)
            image = Image.fromarray(np.clip(gray, 0, 255).astype(np.uint8))
            image.save(folder / name / f"{number:02d}.png")
    return folder


def tiny_values(images: Path) -> dict:
    """Return parameters of a training that takes a second."""
    stage = {
        "steps": 1,
        "epochs_per_step": 2,
        "learning_rate_decay": 0.9,
        "schedule": "constant",
        "loss": "triplet",
    }
    return {
        "images": str(images),
        "embeddings": None,
        "seed": 3,
        "engine": {"backend": "threading", "workers": 1, "address": None},
        "source": {
            "kind": "auto",
            "nested_folders": "reject",
            "validated_only": True,
            "path_column": "path",
            "class_column": "class_name",
            "pixel_size": None,
        },
        "scan": {"max_rejected": 0.5, "min_side": 4, "max_pixels": 1000000, "reuse": True},
        "duplicates": {"max_distance": 0, "max_size_difference": 0.02},
        "split": {
            "validation_per_class": 3,
            "test_per_class": 2,
            "small_classes": "error",
            "group_column": None,
            "group_pattern": None,
            "unseen_classes": [],
        },
        "preprocess": {
            "image_size": 75,
            "fit": "resize",
            "background": "white",
            "bit_depth": "auto",
            "crop_bottom": 0,
        },
        "store": {"images_per_shard": 8},
        "data_report": {"images_per_class": 4},
        "embedder": {
            "backbone": "inception_v3",
            "embedding_size": 8,
            "activation": "sigmoid",
            "dropout": 0.3,
            "weights": None,
            "input_channels": "gray",
        },
        "training": {
            "device": "cpu",
            "devices": 1,
            "num_nodes": 1,
            "strategy": "auto",
            "precision": "float32",
            "batch_norm": "train",
            "compile": False,
            "device_cache": "auto",
            "device_cache_fraction": 0.5,
            "evaluation_batch_size": 8,
            "resume_from": "auto",
            "resume_version": "latest",
            "head": {
                **stage,
                "start": "random",
                "shrinkage": "auto",
                "least_directions": 0,
                "refit": False,
                "learning_rate": 1e-2,
            },
            "warm_up": {
                **stage,
                "steps": 0,
                "learning_rate": 1e-3,
                "backbone_rate": 1.0,
                "frozen_blocks": 0,
                "loss": "proxy_softmax",
            },
            "network": {
                **stage,
                "steps": 2,
                "learning_rate": 1e-3,
                "backbone_rate": 1.0,
                "frozen_blocks": 0,
            },
            "losses": {
                "triplet": {"form": "standard", "margin": 5.0, "miner": "all"},
                "proxy_softmax": {"temperature": 0.1, "label_smoothing": 0.0},
                "proxy_anchor": {"margin": 0.1, "alpha": 32},
                "arcface": {"margin": 28.6, "scale": 16},
                "supcon": {"temperature": 0.1},
                "multi_similarity": {"alpha": 2, "beta": 50, "base": 0.5},
            },
            "batches": {
                "sampler": "class_balanced",
                "classes": 3,
                "images_per_class": 3,
                "triplets": 3,
                "anchor_may_be_positive": False,
                "batches_per_epoch": 2,
                "validation_batches": "auto",
            },
            "augmentation": {
                "flips_and_turns": True,
                "rotation": 0,
                "scale": 0,
                "brightness": 0,
            },
        },
        "gallery": {"examples": 2, "kept_share": 0.95},
        "enrol": {
            "class_name": None,
            "existing_classes": "error",
            "least_recall": 0.7,
            "remove": [],
            "rename": {},
        },
        "inference": {"images_per_block": 4, "nearest_examples": 2, "reviewed_per_class": 3},
        "reporting": TINY_REPORT,
        "sweep": {
            "name": "tiny",
            "trials": 3,
            "sampler": "random",
            "pruning": {
                "rule": "none",
                "kept_share": 0.5,
                "after_epochs": 1,
                "after_trials": 1,
            },
            "fixed": {},
            "first": [{}],
            "space": [{"parameter": "training.network.loss", "values": ["triplet", "supcon"]}],
        },
    }


def make_project(folder: Path, images: Path) -> Path:
    """Copy the project's configuration, with tiny parameters as its `local` environment."""
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder)
    (folder / "src").mkdir()
    (folder / "conf" / "local").mkdir()
    values = tiny_values(images)
    (folder / "conf" / "local" / "globals.yml").write_text(yaml.safe_dump({"images": str(images)}))
    del values["images"]
    # A model of 90 MB from every gallery would slow the tests down.
    (folder / "conf" / "local" / "mlflow.yml").write_text("registered_model: null\n")
    (folder / "conf" / "local" / "parameters.yml").write_text(yaml.safe_dump(values))
    return folder
