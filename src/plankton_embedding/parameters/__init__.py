"""Typed parameter models: the one edge where configuration is validated.

Every value comes from ``conf/``; the models hold no defaults, so that YAML stays the one
source. An unknown key or an impossible value is an error that names it.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from plankton_embedding.errors import UserError
from plankton_embedding.parameters.data_engineering import (
    DataReportOptions,
    DuplicateOptions,
    EngineOptions,
    PreprocessOptions,
    ScanOptions,
    SourceOptions,
    SplitOptions,
    StoreOptions,
)
from plankton_embedding.parameters.dotted import with_settings
from plankton_embedding.parameters.inference import (
    EnrolOptions,
    GalleryOptions,
    InferenceOptions,
)
from plankton_embedding.parameters.modelling import (
    ArcFaceOptions,
    AugmentationOptions,
    BatchOptions,
    EmbedderOptions,
    HeadStageOptions,
    LossesOptions,
    LossName,
    MultiSimilarityOptions,
    ProxyAnchorOptions,
    ProxySoftmaxOptions,
    StageOptions,
    TemperatureOptions,
    TrainingOptions,
    TripletOptions,
)
from plankton_embedding.parameters.options import Options
from plankton_embedding.parameters.reporting import ReportingOptions
from plankton_embedding.parameters.sweep import SweepOptions

__all__ = [
    "ArcFaceOptions",
    "AugmentationOptions",
    "BatchOptions",
    "DataReportOptions",
    "DuplicateOptions",
    "EmbedderOptions",
    "EngineOptions",
    "EnrolOptions",
    "GalleryOptions",
    "HeadStageOptions",
    "InferenceOptions",
    "LossName",
    "LossesOptions",
    "MultiSimilarityOptions",
    "ParameterError",
    "Parameters",
    "PreprocessOptions",
    "ProxyAnchorOptions",
    "ProxySoftmaxOptions",
    "ReportingOptions",
    "ScanOptions",
    "SourceOptions",
    "SplitOptions",
    "StageOptions",
    "StoreOptions",
    "SweepOptions",
    "TemperatureOptions",
    "TrainingOptions",
    "TripletOptions",
    "change_parameters",
    "parameter_problems",
    "validate_parameters",
]


# Of two points on opposite sides of the sphere of radius 1.
_FARTHEST_SQUARED = 4


class Parameters(Options):
    """All parameters of the project, as they lie in ``conf/*/parameters``."""

    images: str
    embeddings: str | None = Field(description="a folder of embeddings to report on, or null")
    seed: int = Field(ge=0, lt=2**32)
    engine: EngineOptions
    source: SourceOptions
    scan: ScanOptions
    duplicates: DuplicateOptions
    split: SplitOptions
    preprocess: PreprocessOptions
    store: StoreOptions
    data_report: DataReportOptions
    embedder: EmbedderOptions
    training: TrainingOptions
    gallery: GalleryOptions
    enrol: EnrolOptions
    inference: InferenceOptions
    reporting: ReportingOptions
    sweep: SweepOptions

    @model_validator(mode="after")
    def _margin_can_be_kept(self) -> Parameters:
        training = self.training
        stages = (training.head, training.warm_up, training.network)
        margin = training.losses.triplet.margin
        uses_triplets = any(stage.steps and stage.loss == "triplet" for stage in stages)
        if uses_triplets and self.embedder.activation == "unit" and margin >= _FARTHEST_SQUARED:
            raise ValueError(
                f"training.losses.triplet.margin is {margin:g}, but squared distances of "
                "embeddings of length 1 (embedder.activation: unit) are at most "
                f"{_FARTHEST_SQUARED}: choose a margin of 0.1 to 1, or the activation sigmoid"
            )
        return self


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
        raise ParameterError(
            "these parameters are wrong (conf/base/parameters lists all that there are):\n"
            + "\n".join(
                f"  {name}{': ' if name else ''}{' or '.join(why)}"
                for name, why in _problems(error, values).items()
            )
        ) from None


def change_parameters(parameters: Parameters, changes: dict[str, Any]) -> Parameters:
    """Return parameters of which some are others, by their dotted names.

    Raises
    ------
    ParameterError
        As from `validate_parameters`.

    Examples
    --------
    .. code-block:: python

        change_parameters(parameters, {"training.network.steps": 3})
    """
    return validate_parameters(with_settings(parameters.model_dump(), changes))


def parameter_problems(values: dict[str, Any]) -> dict[str, list[str]]:
    """Return why parameters are wrong, by their names; nothing where all are right."""
    try:
        Parameters.model_validate(values)
    except ValidationError as error:
        return _problems(error, values)
    return {}


def _problems(error: ValidationError, values: dict[str, Any]) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    for problem in error.errors():
        problems.setdefault(_parameter_name(problem, values), []).append(_explain(problem))
    return problems


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
