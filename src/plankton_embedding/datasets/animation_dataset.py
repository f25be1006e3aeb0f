"""Kedro dataset: an animated picture."""

from __future__ import annotations

import base64
from typing import Any

from kedro_datasets._typing import ImagePreview
from kedro_datasets.text import TextDataset


class AnimationDataset(TextDataset):
    """A GIF, as the bytes of its file."""

    DEFAULT_FS_ARGS: dict[str, Any] = {  # noqa: RUF012
        "open_args_load": {"mode": "rb"},
        "open_args_save": {"mode": "wb"},
    }

    def preview(self) -> ImagePreview:
        """Return what Kedro-Viz shows: the animation."""
        content: Any = self.load()
        return ImagePreview(base64.b64encode(content).decode())
