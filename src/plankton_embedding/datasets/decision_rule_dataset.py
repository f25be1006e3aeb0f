"""Kedro dataset: the decision rule of a gallery."""

from __future__ import annotations

from kedro_datasets._typing import JSONPreview

from plankton_embedding.analysis.decision_rule import DecisionRule, read_rule, write_rule
from plankton_embedding.datasets.versioned_folder import VersionedFolder


class DecisionRuleDataset(VersionedFolder[DecisionRule, DecisionRule]):
    """A `DecisionRule` as JSON; anything else is refused. See `VersionedFolder`.

    Examples
    --------
    .. code-block:: yaml

        decision_rule:
          type: plankton_embedding.datasets.decision_rule_dataset.DecisionRuleDataset
          filepath: data/07_model_output/decision_rule.json
          versioned: true
    """

    def load(self) -> DecisionRule:
        """Read the rule.

        Raises
        ------
        GalleryError
            If the file is missing or holds no rule.
        """
        return read_rule(self.load_folder())

    def save(self, data: DecisionRule) -> None:
        """Write the rule."""
        path = self.save_folder()
        path.parent.mkdir(parents=True, exist_ok=True)
        write_rule(path, data)

    def preview(self) -> JSONPreview:
        """Return the rule, for Kedro-Viz."""
        return JSONPreview(self.load().model_dump_json())

    def _exists(self) -> bool:
        return self.load_folder().is_file()
