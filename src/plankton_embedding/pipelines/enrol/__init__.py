"""From images of new classes to a gallery that knows them; nothing is trained."""

from plankton_embedding.pipelines.enrol.pipeline import create_pipeline

__all__ = ["create_pipeline"]
