"""How a backbone is fed. Without torch: cards are read where there is none."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

INCEPTION = "inception_v3"


class BackboneFacts(BaseModel):
    """What one must know to feed a backbone; part of the embedder's card.

    Attributes
    ----------
    source
        Library whose model it is: ``torchvision`` or ``timm``.
    features
        Numbers that it makes of an image.
    mean, std
        Of each of the three channels, of pixels in 0 to 1: what the pretrained weights expect.
    smallest_size, preferred_size
        Pixels a side.
    fixed_size
        Whether it takes no other size than the preferred one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    features: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    smallest_size: int
    preferred_size: int
    fixed_size: bool = False


_HALF = (0.5, 0.5, 0.5)
INCEPTION_FACTS = BackboneFacts(
    source="torchvision",
    features=2048,
    mean=_HALF,
    std=_HALF,
    smallest_size=75,
    preferred_size=299,
)
