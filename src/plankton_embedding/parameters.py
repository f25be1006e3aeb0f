"""Typed parameter models: the one edge where configuration is validated.

Every value comes from ``conf/``; the models hold no defaults, so that YAML stays the one
source. An unknown key or an impossible value is an error that names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from plankton_embedding.errors import UserError

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
HeldOut = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EngineOptions(_Options):
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


class SourceOptions(_Options):
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


class ScanOptions(_Options):
    """What is made of files that cannot be used."""

    max_rejected: Annotated[float, Field(ge=0, le=1)] = Field(
        description="share of the files found; more is an error"
    )


class SplitOptions(_Options):
    """Sizes of the validation and test splits of each class."""

    validation_per_class: HeldOut = Field(description="a count, or a fraction below 1")
    test_per_class: HeldOut = Field(description="a count, or a fraction below 1")
    small_classes: Literal["error", "drop", "proportional"]

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


class PreprocessOptions(_Options):
    """How an image file becomes a square 8-bit gray image of the store."""

    image_size: int = Field(ge=75, le=1024, description="pixels a side; Inception-v3 needs 75")
    fit: Literal["resize", "shrink_only"]
    background: Literal["white", "black", "auto"]
    crop_bottom: int = Field(ge=0, description="pixels cut off under the image")


class StoreOptions(_Options):
    """How the image store is written."""

    images_per_shard: int = Field(ge=1)


class EmbedderOptions(_Options):
    """The network."""

    embedding_size: int = Field(ge=2)
    activation: Literal["sigmoid", "none"] = Field(description="of the embedding's units")
    dropout: Annotated[float, Field(ge=0, lt=1)]
    weights: Literal["imagenet"] | Path | None = Field(
        description="imagenet, a torchvision state dict, or null: random"
    )
    input_channels: Literal["gray", "reference"]


class TripletOptions(_Options):
    """Triplet loss on squared Euclidean distances."""

    form: Literal["standard", "alternative", "geometric"]
    margin: PositiveFloat = Field(description="α, in squared distance")
    miner: Literal["semihard", "batch_hard", "all"] = Field(
        description="of batches that name no triplets"
    )


class TemperatureOptions(_Options):
    """A loss that divides cosine similarities by a temperature."""

    temperature: PositiveFloat


class MultiSimilarityOptions(_Options):
    """Multi-similarity loss (Wang et al. 2019, arXiv:1904.06627)."""

    alpha: PositiveFloat = Field(description="weight of positives")
    beta: PositiveFloat = Field(description="weight of negatives")
    base: float = Field(description="cosine similarity that both are measured from")


class ProxyAnchorOptions(_Options):
    """Proxy-anchor loss (Kim et al. 2020, arXiv:2003.13911)."""

    margin: PositiveFloat = Field(description="in cosine similarity")
    alpha: PositiveFloat = Field(description="scale")


class ArcFaceOptions(_Options):
    """Additive angular margin loss (Deng et al. 2019, arXiv:1801.07698)."""

    margin: PositiveFloat = Field(description="degrees")
    scale: PositiveFloat


class LossesOptions(_Options):
    """The options of each loss; a stage names the one that it uses."""

    triplet: TripletOptions
    proxy_softmax: TemperatureOptions
    multi_similarity: MultiSimilarityOptions
    supcon: TemperatureOptions
    proxy_anchor: ProxyAnchorOptions
    arcface: ArcFaceOptions


LossName = Literal[
    "triplet", "proxy_softmax", "multi_similarity", "supcon", "proxy_anchor", "arcface"
]


class StageOptions(_Options):
    """One stage: steps of epochs with one loss."""

    steps: int = Field(ge=0)
    epochs_per_step: int = Field(ge=1)
    learning_rate: PositiveFloat
    learning_rate_decay: Annotated[float, Field(gt=0, le=1)]
    schedule: Literal["constant", "one_cycle"] = Field(description="of the rate within the stage")
    loss: LossName


class BatchOptions(_Options):
    """Which images make a batch."""

    sampler: Literal["class_balanced", "random_triplets", "difficulty_weighted"]
    classes: int = Field(ge=2, description="a batch, of the class samplers")
    images_per_class: int = Field(ge=2, description="of the class samplers")
    triplets: int = Field(ge=1, description="a batch, of random_triplets")
    anchor_may_be_positive: bool = Field(
        description="of random_triplets: the same image as both, as the reference allows"
    )
    batches_per_epoch: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        description="auto: as many as the training images fill"
    )
    validation_batches: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        description="auto: as many as the validation images fill"
    )


class AugmentationOptions(_Options):
    """Random changes of training images, made on the device."""

    flips_and_turns: bool = Field(description="the eight flips and quarter turns")
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(description="degrees, at most")
    scale: Annotated[float, Field(ge=0, lt=1)] = Field(description="larger or smaller, at most")
    brightness: Annotated[float, Field(ge=0, lt=1)] = Field(description="lighter or darker")


class TrainingOptions(_Options):
    """Staged training."""

    device: Literal["auto", "cpu", "cuda"]
    devices: int = Field(ge=1, description="on each machine")
    num_nodes: int = Field(ge=1, description="machines")
    strategy: Literal["auto", "ddp", "ddp_find_unused_parameters_true"] = Field(
        description="of several devices, in Lightning's words"
    )
    precision: Literal["auto", "bf16", "float32"]
    compile: bool = Field(description="by torch.compile")
    device_cache: Literal["auto", "always", "never"]
    device_cache_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        description="of the device's free memory, that auto may take"
    )
    evaluation_batch_size: int = Field(ge=1)
    resume_from: Annotated[int, Field(ge=1)] | Literal["auto", "never"]
    resume_version: str = Field(description="of the checkpoints: latest, or its name")
    head: StageOptions
    warm_up: StageOptions
    network: StageOptions
    losses: LossesOptions
    batches: BatchOptions
    augmentation: AugmentationOptions

    @model_validator(mode="after")
    def _some_steps(self) -> TrainingOptions:
        if self.head.steps + self.warm_up.steps + self.network.steps == 0:
            raise ValueError(
                "head.steps, warm_up.steps and network.steps are all 0: nothing would be trained"
            )
        return self


class ReportingOptions(_Options):
    """The report."""

    title: str
    projection_images_per_class: int = Field(
        ge=1, description="points a class in the 3-D view, chosen by the seed"
    )


class Parameters(_Options):
    """All parameters of the project, as they lie in ``conf/*/parameters``."""

    images: str
    seed: int = Field(ge=0, lt=2**32)
    engine: EngineOptions
    source: SourceOptions
    scan: ScanOptions
    split: SplitOptions
    preprocess: PreprocessOptions
    store: StoreOptions
    embedder: EmbedderOptions
    training: TrainingOptions
    reporting: ReportingOptions


class ParameterError(UserError):
    """A parameter is unknown, missing or has an impossible value."""


def validate_parameters(values: dict[str, Any]) -> Parameters:
    """Validate the parameters of a run.

    Raises
    ------
    ParameterError
        Names each parameter that is wrong, its value and what would be right.
    """
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for problem in error.errors():
            name = _parameter_name(problem, values)
            problems.setdefault(name, []).append(_explain(problem))
        raise ParameterError(
            "these parameters are wrong (conf/base/parameters lists all that there are):\n"
            + "\n".join(f"  {name}: {' or '.join(why)}" for name, why in problems.items())
        ) from None


def _parameter_name(problem: ErrorDetails, values: Any) -> str:
    """Return the dotted name; what pydantic adds to it about members of unions is left out."""
    place = []
    for part in problem["loc"]:
        if not isinstance(values, dict):
            break
        place.append(str(part))
        values = values.get(part)
    return ".".join(place)


def _explain(problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such parameter"
    if problem["type"] == "missing":
        return "is missing"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(problem["input"], dict):
        return message
    return f"{message}, not {problem['input']!r}"
