"""Parameters of a sweep: which trainings are tried, and when a poor one is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from plankton_embedding.parameters.options import Options

# What YAML writes without brackets.
Scalar = bool | int | float | str | None


class ValuesOptions(Options):
    """A parameter, and the values that are tried."""

    parameter: str = Field(description="dotted, as training.network.loss")
    values: list[Scalar] = Field(min_length=2)


class RangeOptions(Options):
    """A parameter, and the range that its values are drawn from."""

    parameter: str = Field(description="dotted, as training.network.learning_rate")
    low: int | float
    high: int | float
    scale: Literal["linear", "log"]

    @model_validator(mode="after")
    def _rises(self) -> RangeOptions:
        if self.low >= self.high or (self.scale == "log" and self.low <= 0):
            raise ValueError("low must be below high, and above 0 on a log scale")
        return self

    @property
    def is_whole(self) -> bool:
        """Whether whole numbers are drawn: both ends are."""
        return isinstance(self.low, int) and isinstance(self.high, int)


class PruningOptions(Options):
    """When a trial that lags behind the others is stopped."""

    rule: Literal["percentile", "successive_halving", "none"]
    kept_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="of the trials at the same epoch, that go on"
    )
    after_epochs: int = Field(ge=1, description="of the whole network, before a trial is judged")
    after_trials: int = Field(ge=1, description="that were trained to their end, before any is")


class SweepOptions(Options):
    """A study: trials that differ in some parameters."""

    name: str = Field(min_length=1, description="of the study")
    trials: int = Field(ge=1, description="in all, of all runs of the study")
    sampler: Literal["tpe", "random", "grid"]
    pruning: PruningOptions
    fixed: dict[str, Scalar] = Field(description="of all trials, in place of those of conf/")
    first: list[dict[str, Scalar]] = Field(
        description="trials before the sampler chooses: what differs from conf/"
    )
    space: list[ValuesOptions | RangeOptions] = Field(min_length=1)

    @field_validator("fixed", mode="before")
    @classmethod
    def _dotted(cls, given: Any) -> Any:
        # `--params sweep.fixed.training.head.steps=1` is nested, and goes before what conf/ says.
        return dict(_leaves(given)) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _can_be_drawn(self) -> SweepOptions:
        names = [entry.parameter for entry in self.space]
        twice = {name for name in names if names.count(name) > 1} | set(names) & set(self.fixed)
        if twice:
            raise ValueError(f"space and fixed name {', '.join(sorted(twice))} more than once")
        ranges = [entry.parameter for entry in self.space if isinstance(entry, RangeOptions)]
        if self.sampler == "grid" and ranges:
            raise ValueError(f"a grid needs values, and {', '.join(ranges)} has a range")
        return self


def _leaves(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in sorted(values.items(), key=lambda item: isinstance(item[1], dict)):
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
