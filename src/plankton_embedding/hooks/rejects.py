"""Kedro hooks: the files that a run could not use are counted at its end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol

from plankton_embedding.wording import counted

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)


class RejectsHooks:
    """Ends a run that looked for images with a count of the files that it could not use."""

    def __init__(self) -> None:
        self._rejected: pd.DataFrame | None = None

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keep the list."""
        if dataset_name == "rejected_images":
            self._rejected = data

    @hook_impl
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Say how many there are, and where they are listed."""
        rejected, self._rejected = self._rejected, None
        if rejected is None:
            return
        if rejected.empty:
            logger.info("All files that were found are used")
            return
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in _count_kinds(rejected).items())
        dataset: Any = catalog.get("rejected_images")
        logger.warning(
            "%s not used: %s; listed in %s",
            f"{counted(len(rejected), 'file')} {'is' if len(rejected) == 1 else 'are'}",
            *(kinds, dataset._get_load_path()),
        )


def _count_kinds(rejected: pd.DataFrame) -> pd.Series:
    from plankton_embedding.images.rejects import count_kinds

    return count_kinds(rejected["reason"])
