"""Parameters of the modelling pipeline: network, losses, batches, stages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from plankton_embedding.parameters.options import Options, PositiveFloat


class EmbedderOptions(Options):
    """The network."""

    embedding_size: int = Field(ge=2)
    activation: Literal["sigmoid", "none"] = Field(description="of the embedding's units")
    dropout: Annotated[float, Field(ge=0, lt=1)]
    weights: Literal["imagenet"] | Path | None = Field(
        description="imagenet, a torchvision state dict, or null: random"
    )
    input_channels: Literal["gray", "reference"]


class TripletOptions(Options):
    """Triplet loss on squared Euclidean distances."""

    form: Literal["standard", "alternative", "geometric"]
    margin: PositiveFloat = Field(description="α, in squared distance")
    miner: Literal["semihard", "batch_hard", "all"] = Field(
        description="of batches that name no triplets"
    )


class TemperatureOptions(Options):
    """A loss that divides cosine similarities by a temperature."""

    temperature: PositiveFloat


class MultiSimilarityOptions(Options):
    """Multi-similarity loss (Wang et al. 2019, arXiv:1904.06627)."""

    alpha: PositiveFloat = Field(description="weight of positives")
    beta: PositiveFloat = Field(description="weight of negatives")
    base: float = Field(description="cosine similarity that both are measured from")


class ProxyAnchorOptions(Options):
    """Proxy-anchor loss (Kim et al. 2020, arXiv:2003.13911)."""

    margin: PositiveFloat = Field(description="in cosine similarity")
    alpha: PositiveFloat = Field(description="scale")


class ArcFaceOptions(Options):
    """Additive angular margin loss (Deng et al. 2019, arXiv:1801.07698)."""

    margin: PositiveFloat = Field(description="degrees")
    scale: PositiveFloat


class LossesOptions(Options):
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


class StageOptions(Options):
    """One stage: steps of epochs with one loss."""

    steps: int = Field(ge=0)
    epochs_per_step: int = Field(ge=1)
    learning_rate: PositiveFloat
    learning_rate_decay: Annotated[float, Field(gt=0, le=1)]
    schedule: Literal["constant", "one_cycle"] = Field(description="of the rate within the stage")
    loss: LossName


class BatchOptions(Options):
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


class AugmentationOptions(Options):
    """Random changes of training images, made on the device."""

    flips_and_turns: bool = Field(description="the eight flips and quarter turns")
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(description="degrees, at most")
    scale: Annotated[float, Field(ge=0, lt=1)] = Field(description="larger or smaller, at most")
    brightness: Annotated[float, Field(ge=0, lt=1)] = Field(description="lighter or darker")


class TrainingOptions(Options):
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
