"""The health of a training in plain words: the first questions that people ask about one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from plankton_embedding.analysis.health import spread_of_embeddings, triplet_activity
from plankton_embedding.parameters import TripletOptions

# Below these, embeddings have collapsed: a variance that is nothing beside the range of 0 to 1,
# and little more than one direction.
_LEAST_VARIANCE, _LEAST_RANK = 1e-6, 1.5
# A loss this near the margin, as a share of it, is that of embeddings that tell nothing apart.
_AT_THE_MARGIN = 0.02
_LARGE_GRADIENT = 1e3
# Share of active triplets.
_NEARLY_ALL_SOLVED = 0.1


def measure_health(
    validation: tuple[Tensor, Tensor], batches: list[tuple[Tensor, Tensor]], margin: float
) -> dict[str, float]:
    """Measure the health after an epoch.

    Parameters
    ----------
    validation
        Embeddings of the validation images, and their class numbers.
    batches
        Those of some training batches, as the network saw them.
    margin
        Of the triplet loss, in squared distance.

    Returns
    -------
    dict
        The values of `triplet_activity`, means over the batches, and of `spread_of_embeddings`.
    """
    activity = [
        triplet_activity(_numpy(vectors), _numpy(labels), margin) for vectors, labels in batches
    ]
    vectors, labels = validation
    means = {name: float(np.mean([each[name] for each in activity])) for name in activity[0]}
    return means | spread_of_embeddings(_numpy(vectors), _numpy(labels))


def health_warnings(row: Mapping[str, Any], triplet: TripletOptions) -> dict[str, str]:
    """Say in plain words what is wrong.

    Parameters
    ----------
    row
        A row of ``training_history``.
    triplet
        The options of the triplet loss.

    Returns
    -------
    dict
        Kind of trouble → what is seen, what it means, what to do.
    """
    found = {}
    # The other forms are not 0 where the margin is kept, nor at the margin where it is not.
    is_standard = row["loss"] == "triplet" and triplet.form == "standard"
    margin = triplet.margin
    if row["embedding_variance"] < _LEAST_VARIANCE or row["effective_rank"] < _LEAST_RANK:
        found["collapse"] = (
            f"the embeddings have collapsed: all images lie almost in one point or on one line "
            f"(variance {row['embedding_variance']:.2g}, effective rank "
            f"{row['effective_rank']:.1f}). Lower the learning rate, mine semihard instead of "
            "batch_hard, or warm up with proxy_softmax (training.warm_up)"
        )
    if is_standard and row["active_triplets"] == 0:
        found["no active triplets"] = (
            "no triplet is active: every negative is farther than its positive by the margin, so "
            "the loss is 0 and nothing more is learnt. That is success if the validation "
            "accuracy is high; otherwise raise training.losses.triplet.margin"
        )
    if is_standard and abs(row["train_loss"] - margin) < _AT_THE_MARGIN * margin:
        found["at the margin"] = (
            f"the loss stays at the margin ({margin:g}): positives are as far away as negatives, "
            "the classes are not told apart yet. Random weights learn slowly from triplets alone: "
            "warm up with proxy_softmax (`--env scratch`), or use pretrained weights"
        )
    if row["gradient_norm"] == 0:
        found["no gradient"] = "the gradient is 0: no weight changes"
    elif row["gradient_norm"] > _LARGE_GRADIENT:
        found["large gradient"] = (
            f"the gradient is large (norm {row['gradient_norm']:.2g}): lower the learning rate if "
            "the loss does not fall"
        )
    if row["radius_to_separation"] > 1 and row["active_triplets"] < _NEARLY_ALL_SOLVED:
        found["wide classes"] = (
            f"classes are wider than the gap to their neighbours (radius over nearest centroid "
            f"{row['radius_to_separation']:.2g}) on validation images, while nearly all "
            "training triplets are solved: the network learns its training images by heart. "
            "More images, more augmentation or fewer epochs help"
        )
    return found


def _numpy(values: Tensor) -> Any:
    return values.cpu().numpy()
