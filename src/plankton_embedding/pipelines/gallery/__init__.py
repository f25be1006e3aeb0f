"""From the embedder and its embeddings to the gallery that it classifies by."""

from plankton_embedding.pipelines.gallery.pipeline import create_pipeline

__all__ = ["create_pipeline"]
