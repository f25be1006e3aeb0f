"""The embedder's card: what one must know to use, judge and repeat a trained embedder."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from plankton_embedding.errors import UserError, first_mistake
from plankton_embedding.parameters import EmbedderOptions, PreprocessOptions, TrainingOptions
from plankton_embedding.training.backbone_facts import (
    INCEPTION,
    INCEPTION_FACTS,
    BackboneFacts,
)

_PACKAGES = (
    *("plankton_embedding", "torch", "torchvision", "timm", "lightning"),
    "pytorch-metric-learning",
)


class EmbedderError(UserError):
    """An embedder on disk is missing, incomplete or not what its card says."""


class EmbedderCard(BaseModel):
    """The card of an embedder or of a checkpoint.

    Attributes
    ----------
    backbone
        How the backbone is fed, whose name is in ``embedder``.
    classes
        The classes that it trained on; a class's place is its number.
    unseen_classes
        Classes of the same data that were kept from it; cards of earlier versions name none.
    step, stage
        The outer step that it comes from.
    metrics
        Of that step, on the validation split.
    data_fingerprint
        Hash over the content and split of every image.
    embedder, preprocess, training, seed
        The parameters.
    continues
        Where its training took up an earlier one: that one's version and last step kept, as
        ``VERSION, step N``; None: it began anew.
    computed_on
        Device and precision.
    versions
        Of Python and the packages that made it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backbone: BackboneFacts
    classes: list[str]
    unseen_classes: list[str] = []
    step: int
    stage: str
    metrics: dict[str, float | None]
    data_fingerprint: str
    embedder: EmbedderOptions
    preprocess: PreprocessOptions
    training: TrainingOptions
    seed: int
    continues: str | None
    computed_on: str
    versions: dict[str, str]

    @property
    def choosing_accuracy(self) -> float:
        """The accuracy that the best step is chosen by; 0 where it could not be measured."""
        return self.metrics.get("validation_leave_one_out_accuracy") or 0.0


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that training hangs on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        # Run from its sources, on a machine where it was not installed.
        return "not installed"


def read_card(path: Path) -> EmbedderCard:
    """Read and check a card.

    Raises
    ------
    EmbedderError
        If it is missing or is not a card.
    """
    try:
        return EmbedderCard.model_validate(_complete(json.loads(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise EmbedderError(
            f"{path} does not exist: there is no complete embedder. Run the modelling pipeline."
        ) from None
    except json.JSONDecodeError as error:
        raise EmbedderError(f"{path} is not the card of an embedder: {error}.") from None
    except ValidationError as error:
        raise EmbedderError(
            f"{path} is not the card of an embedder: {first_mistake(error)}."
        ) from None


# What cards of earlier versions do not say, since it could not be otherwise.
_EARLIER_BACKBONE = {"backbone": INCEPTION}
_EARLIER_TRAINING = {"batch_norm": "train"}
_EARLIER_HEAD = {"start": "random", "shrinkage": "auto", "least_directions": 0, "refit": False}
_EARLIER_NETWORK = {"backbone_rate": 1.0, "frozen_blocks": 0}
_EARLIER_SOFTMAX = {"label_smoothing": 0.0}


def _complete(card: Any) -> Any:
    """Add to the card of an earlier version what it does not say."""
    if not isinstance(card, dict) or card.pop("architecture", None) != INCEPTION:
        return card
    card["backbone"] = INCEPTION_FACTS.model_dump()
    card["embedder"] = _EARLIER_BACKBONE | card["embedder"]
    training = card["training"] = _EARLIER_TRAINING | card["training"]
    training["head"] = _EARLIER_HEAD | training["head"]
    for stage in ("warm_up", "network"):
        training[stage] = _EARLIER_NETWORK | training[stage]
    losses = training["losses"]
    losses["proxy_softmax"] = _EARLIER_SOFTMAX | losses["proxy_softmax"]
    return card


def write_card(path: Path, card: EmbedderCard) -> None:
    """Write a card as JSON."""
    path.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
