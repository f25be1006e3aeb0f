"""Reporting on tables in memory, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from plankton_embedding.analysis.given_report import given_report_inputs
from plankton_embedding.parameters import GalleryOptions, ReportingOptions
from plankton_embedding.pipelines.reporting import create_pipeline
from tiny_project import TINY_REPORT


class KeptDataset(MemoryDataset):
    """Survives the end of the run, which releases what no node needs any more."""

    def _release(self) -> None:
        pass


def report_on(inputs: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Run the reporting pipeline on datasets, and return all that it makes.

    Parameters
    ----------
    inputs
        By dataset.
    options
        Go before those of the tiny project.
    """
    reporting = ReportingOptions.model_validate(TINY_REPORT | options)
    gallery = GalleryOptions(examples=2, kept_share=0.9)
    parameters = {"params:reporting": reporting, "params:gallery": gallery, "params:seed": 0}
    given = {**inputs, **parameters}
    catalog = DataCatalog(
        {name: MemoryDataset(value, copy_mode="assign") for name, value in given.items()}
    )
    pipeline = create_pipeline()
    for name in pipeline.all_outputs():
        catalog[name] = KeptDataset(copy_mode="assign")
    SequentialRunner().run(pipeline, catalog)
    return {name: catalog.load(name) for name in pipeline.all_outputs()}


def report_on_embeddings(embeddings: pd.DataFrame, folder: Path, **options: Any) -> dict[str, Any]:
    """Report on embeddings alone; the folder takes them as a file."""
    embeddings.to_parquet(folder / "embeddings.parquet")
    return report_on(given_report_inputs(folder), **options)
