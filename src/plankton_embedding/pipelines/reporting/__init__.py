"""From embeddings to metrics, figures and one report page; needs neither a GPU nor torch."""

from plankton_embedding.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
