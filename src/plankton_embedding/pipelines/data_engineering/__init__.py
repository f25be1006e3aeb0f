"""From a folder of class folders to a manifest, splits and an image store."""

from plankton_embedding.pipelines.data_engineering.pipeline import create_pipeline

__all__ = ["create_pipeline"]
