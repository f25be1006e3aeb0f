"""The reporting pipeline: from embeddings to metrics, figures and the report."""

from __future__ import annotations

from typing import Any

from kedro.pipeline import Pipeline

from plankton_embedding.pipelines.reporting.drawing import draw
from plankton_embedding.pipelines.reporting.measuring import measure
from plankton_embedding.pipelines.reporting.writing import write


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Create the pipeline; each part is a table of contents of what it measures or shows."""
    return Pipeline([*measure(), *draw(), *write()])
