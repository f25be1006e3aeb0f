"""From images that nobody has labelled to predictions, a review page and a table for EcoTaxa."""

from plankton_embedding.pipelines.inference.pipeline import create_pipeline

__all__ = ["create_pipeline"]
