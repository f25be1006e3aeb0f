"""Kedro dataset: the decision rule of a gallery."""

from __future__ import annotations

from kedro_datasets._typing import JSONPreview
from pydantic import ValidationError

from plankton_embedding.analysis.decision_rule import DecisionRule
from plankton_embedding.analysis.gallery import GalleryError
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
        path = self.load_folder()
        try:
            return DecisionRule.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            why = str(error)
            if isinstance(error, ValidationError):
                first = error.errors()[0]
                why = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
            raise GalleryError(
                f"{path} is no decision rule: {why}. Make it anew with "
                "`kedro run --pipelines gallery`"
            ) from error

    def save(self, data: DecisionRule) -> None:
        """Write the rule."""
        path = self.save_folder()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def preview(self) -> JSONPreview:
        """Return the rule, for Kedro-Viz."""
        return JSONPreview(self.load().model_dump_json())

    def _exists(self) -> bool:
        return self.load_folder().is_file()
