"""From the trials of a study to a comparison of them."""

from plankton_embedding.pipelines.sweep.pipeline import create_pipeline

__all__ = ["create_pipeline"]
