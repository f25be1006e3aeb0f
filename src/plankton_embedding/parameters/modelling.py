"""Parameters of the modelling pipeline: network, losses, batches, stages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from plankton_embedding.parameters.options import Options, PositiveFloat


class EmbedderOptions(Options):
    """The network."""

    backbone: str = Field(min_length=1, description="inception_v3, or a model of timm")
    weights: Literal["imagenet", "packaged"] | Path | None = Field(
        description="imagenet, packaged, a file with a state dict, or null: random"
    )
    embedding_size: int = Field(ge=2)
    activation: Literal["unit", "sigmoid", "none"] = Field(
        description="what the head's linear layer is followed by"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)]
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


class ProxySoftmaxOptions(TemperatureOptions):
    """Cross-entropy over cosine similarities to one proxy a class."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


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
    proxy_softmax: ProxySoftmaxOptions
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


class HeadStageOptions(StageOptions):
    """The first stage: the head alone, on the frozen backbone."""

    start: Literal["discriminants", "random"] = Field(
        description="the head's first weights: linear discriminants in closed form, or random"
    )
    shrinkage: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = Field(
        description="of the scatter within classes towards a multiple of the identity"
    )
    least_directions: int = Field(
        ge=0, description="where classes are fewer, directions in which they vary fill up to it"
    )
    refit: bool = Field(description="whether the head is solved again after the last step")


class NetworkStageOptions(StageOptions):
    """A stage that trains the whole network."""

    backbone_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        description="learning rate of the backbone, as a share of that of the head"
    )
    frozen_blocks: int = Field(ge=0, description="first parts of the backbone that do not train")


class BatchOptions(Options):
    """Which images make a batch."""

    sampler: Literal["class_balanced", "square_root", "random_triplets", "difficulty_weighted"]
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
    batch_norm: Literal["train", "frozen"] = Field(
        description="whether the backbone's statistics follow the batches"
    )
    device_cache: Literal["auto", "always", "never"]
    device_cache_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        description="of the device's free memory, that auto may take"
    )
    evaluation_batch_size: int = Field(ge=1)
    resume_from: Annotated[int, Field(ge=0)] | Literal["auto", "never"]
    resume_version: str = Field(description="of the checkpoints: latest, or its name")
    head: HeadStageOptions
    warm_up: NetworkStageOptions
    network: NetworkStageOptions
    losses: LossesOptions
    batches: BatchOptions
    augmentation: AugmentationOptions

    @model_validator(mode="after")
    def _some_steps(self) -> TrainingOptions:
        trained = self.head.steps + self.warm_up.steps + self.network.steps
        if trained == 0 and self.head.start == "random":
            raise ValueError(
                "head.steps, warm_up.steps and network.steps are all 0 and head.start is random: "
                "nothing would be trained"
            )
        if self.head.refit and self.head.start == "random":
            raise ValueError("head.refit solves discriminants: set head.start to discriminants")
        return self
