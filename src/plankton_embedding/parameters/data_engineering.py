"""Parameters of the data engineering pipeline."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from plankton_embedding.parameters.options import Options, PositiveFloat, Share

HeldOut = PositiveFloat
# Pillow takes more for a decompression bomb, whatever is allowed here.
_MOST_PIXELS = 178_956_970


class EngineOptions(Options):
    """How maps over images are spread, through joblib."""

    backend: Literal["loky", "threading", "dask", "ray"]
    workers: int = Field(description="-1: one a core; a cluster's own number counts on a cluster")
    address: str | None = Field(description="of a dask or ray cluster; null: one of this machine")

    @model_validator(mode="after")
    def _possible(self) -> EngineOptions:
        if self.workers == 0 or self.workers < -1:
            raise ValueError("workers must be -1 (one a core) or at least 1")
        if self.address is not None and self.backend in ("loky", "threading"):
            raise ValueError(f"{self.backend} runs on this machine: address must be null")
        return self


class SourceOptions(Options):
    """Where images, classes and splits are found."""

    kind: Literal["auto", "class_folders", "ecotaxa", "table", "prepared_splits"]
    nested_folders: Literal["reject", "first", "path"] = Field(
        description="images in folders inside class folders: not used, of the class of the first "
        "folder, or of a class named by the whole path"
    )
    validated_only: bool = Field(description="of an EcoTaxa export: leave predictions out")
    path_column: str = Field(description="of a table")
    class_column: str = Field(description="of a table")
    pixel_size: PositiveFloat | None = Field(description="µm a pixel, where the source is silent")


class ScanOptions(Options):
    """What is made of files that cannot be used."""

    max_rejected: Share = Field(description="share of the files found; more is an error")
    min_side: int = Field(ge=1, description="pixels; an image with a shorter side is rejected")
    max_pixels: int = Field(
        ge=1, le=_MOST_PIXELS, description="an image of more is rejected, and not decoded"
    )
    reuse: bool = Field(description="files unchanged since the latest scan are not read again")


class DuplicateOptions(Options):
    """Which images are taken for copies of one another."""

    max_distance: int = Field(
        ge=0, le=8, description="bits of the 64 of the perceptual hash; 0: equal hashes only"
    )
    max_size_difference: Share = Field(description="of near-duplicates, of the longer side")


class SplitOptions(Options):
    """Sizes of the splits of each class, what is kept together, and what is kept from training."""

    validation_per_class: HeldOut = Field(description="a count, or a fraction below 1")
    test_per_class: HeldOut = Field(description="a count, or a fraction below 1")
    small_classes: Literal["error", "drop", "proportional"]
    group_column: str | None = Field(
        description="of the manifest: images of one value share a split"
    )
    group_pattern: str | None = Field(
        description="regular expression in the image_id: images of one match share a split"
    )
    unseen_classes: list[str] | Annotated[int, Field(ge=0)] = Field(
        description="that training never sees: their names, or how many, chosen by the seed"
    )

    @field_validator("group_pattern")
    @classmethod
    def _regular_expression(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression ({error})") from None
        return pattern

    @model_validator(mode="after")
    def _counts_or_fractions(self) -> SplitOptions:
        for name in ("validation_per_class", "test_per_class"):
            value = getattr(self, name)
            if value >= 1 and value != int(value):
                raise ValueError(
                    f"{name} must be a whole number or a fraction below 1, not {value}"
                )
        fractions = [
            value for value in (self.validation_per_class, self.test_per_class) if value < 1
        ]
        if sum(fractions) >= 1:
            raise ValueError("validation_per_class and test_per_class leave nothing to train on")
        return self


class PreprocessOptions(Options):
    """How an image file becomes a square 8-bit gray image of the store."""

    image_size: int = Field(ge=32, le=1024, description="pixels a side; Inception-v3 needs 75")
    fit: Literal["resize", "shrink_only"]
    background: Literal["white", "black", "auto"]
    bit_depth: Annotated[int, Field(ge=8, le=32)] | Literal["auto"] = Field(
        description="of the camera, in files of 16 bits; auto: by the image's largest value"
    )
    crop_bottom: Annotated[int, Field(ge=0)] | Literal["auto"] = Field(
        description="pixels cut off under the image; auto: the scale bar, where there is one"
    )


class StoreOptions(Options):
    """How the image store is written."""

    images_per_shard: int = Field(ge=1)


class DataReportOptions(Options):
    """The page about the images, to be read before training."""

    images_per_class: int = Field(ge=1, description="on the contact sheet of a class")
