"""Kedro dataset: a trained embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_datasets._typing import JSONPreview

from plankton_embedding.datasets.versioned_folder import VersionedFolder

if TYPE_CHECKING:
    from plankton_embedding.training.trained_embedder import TrainedEmbedder


class EmbedderDataset(VersionedFolder["TrainedEmbedder", "TrainedEmbedder"]):
    """Weights as safetensors beside a card in JSON; loads as a `TrainedEmbedder`.

    Nothing is unpickled. See `VersionedFolder` for the parameters.

    Examples
    --------
    .. code-block:: yaml

        embedder:
          type: plankton_embedding.datasets.embedder_dataset.EmbedderDataset
          filepath: data/06_models/embedder
          versioned: true
    """

    # torch is imported where it is needed: commands that only list datasets start without it.

    def load(self) -> TrainedEmbedder:
        """Read the embedder.

        Raises
        ------
        EmbedderError
            If a file is missing or damaged.
        """
        from plankton_embedding.training.trained_embedder import read_embedder

        return read_embedder(self.load_folder())

    def save(self, data: TrainedEmbedder) -> None:
        """Write the embedder."""
        from plankton_embedding.training.trained_embedder import write_embedder

        write_embedder(self.save_folder(), data)

    def preview(self) -> JSONPreview:
        """Return the card, for Kedro-Viz; no weights are read."""
        from plankton_embedding.training.card import read_card

        return JSONPreview(read_card(self.load_folder() / "card.json").model_dump_json())
