"""Kedro hooks: a run is checked before it begins, and tracked in MLflow while it goes on."""

from plankton_embedding.hooks.checking import CheckingHooks
from plankton_embedding.hooks.given_embeddings import GivenEmbeddingsHooks
from plankton_embedding.hooks.rejects import RejectsHooks
from plankton_embedding.hooks.tracking import TrackingHooks
from plankton_embedding.hooks.versions import VersionHooks

__all__ = ["CheckingHooks", "GivenEmbeddingsHooks", "RejectsHooks", "TrackingHooks", "VersionHooks"]
