"""Kedro hooks: a run goes on with what it made itself, whatever other runs make meanwhile."""

from __future__ import annotations

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol, Version


class VersionHooks:
    """Lets a run read the version that it made, where a newer one lies beside it.

    Kedro takes the newest on the disk. Where two runs overlap, the one that began first would go on
    with what the other made, and report on it as its own. (What a run finds when it begins is
    settled then: it is looked for, and Kedro keeps what it found.)
    """

    @hook_impl
    def before_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Keep the catalogue."""
        self._catalog = catalog

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Settle that what is saved now is what the run loads."""
        dataset: Any = self._catalog.get(dataset_name)
        version = getattr(dataset, "_version", None)
        # Versions that `--load-versions` names stay: Kedro warns of them.
        if version and not version.load:
            made = dataset.resolve_save_version()
            dataset._version = Version(load=made, save=version.save)
