"""Kedro dataset: the checkpoints of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kedro_datasets._typing import TablePreview

from plankton_embedding.datasets.previews import preview_rows
from plankton_embedding.datasets.versioned_folder import VersionedFolder

if TYPE_CHECKING:
    from plankton_embedding.training.checkpoint import (
        Checkpoint,
        CheckpointFolder,
        KeptCheckpoint,
    )


class CheckpointsDataset(VersionedFolder["Checkpoint | KeptCheckpoint", "CheckpointFolder"]):
    """One checkpoint a step; each save adds one, a load opens the folder of them all.

    See `VersionedFolder` for the parameters.

    Examples
    --------
    .. code-block:: yaml

        checkpoints:
          type: plankton_embedding.datasets.checkpoints_dataset.CheckpointsDataset
          filepath: data/06_models/checkpoints
          versioned: true
    """

    def load(self) -> CheckpointFolder:
        """Open the folder.

        Raises
        ------
        EmbedderError
            If it holds no complete checkpoint.
        """
        from plankton_embedding.training.checkpoint import CheckpointFolder

        return CheckpointFolder(self.load_folder())

    def save(self, data: Checkpoint | KeptCheckpoint) -> None:
        """Add the checkpoint of a step."""
        from plankton_embedding.training.checkpoint import write_checkpoint

        write_checkpoint(self.growing_folder(), data)

    def preview(self) -> TablePreview:
        """Return what the cards of the steps say, for Kedro-Viz; no weights are read."""
        from plankton_embedding.training.card import read_card

        cards = [read_card(path) for path in sorted(self.load_folder().glob("step_*.json"))]
        cards.sort(key=lambda card: card.step)
        return preview_rows(
            [{"step": card.step, "stage": card.stage, **card.metrics} for card in cards]
        )
