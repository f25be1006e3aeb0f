"""From an image store to a trained embedder and the embeddings of every step."""

from plankton_embedding.pipelines.modelling.pipeline import create_pipeline

__all__ = ["create_pipeline"]
