"""The space of a sweep: whether all that it names can be trained, and which of it acts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from plankton_embedding.parameters import ParameterError, Parameters, parameter_problems
from plankton_embedding.parameters.dotted import with_settings
from plankton_embedding.parameters.sweep import RangeOptions, Scalar, SweepOptions, ValuesOptions

# What training reads; the rest acts before it, on images that all trials share.
_TRAINED_BY = ("training", "embedder", "seed")
_OF_EACH_RUN = ("training.resume_from", "training.resume_version")
_STAGES = ("head", "warm_up", "network")

Settings = dict[str, Scalar]


def conf_settings(values: dict[str, Any], options: SweepOptions) -> Settings:
    """Return what ``conf/`` says of the parameters of the space."""
    return {entry.parameter: _value_of(values, entry.parameter) for entry in options.space}


def first_settings(values: dict[str, Any], options: SweepOptions) -> list[Settings]:
    """Return the settings of the trials that come first."""
    as_conf = conf_settings(values, options)
    return [as_conf | entry for entry in options.first]


def check_space(values: dict[str, Any], options: SweepOptions) -> None:
    """Check that each value that a study may try is one that a training takes.

    Parameters
    ----------
    values
        All parameters, as they lie in ``conf/``.
    options
        The study.

    Raises
    ------
    ParameterError
        Names each parameter that is not there or does not act in training, and each value that is
        not legal.
    """
    problems = [*_problems_of_names(options)]
    if not problems:
        base = with_settings(values, options.fixed)
        problems += [*_problems_of_values(base, options)]
    if not problems:
        problems += [*_problems_of_first(values, options)]
    if problems:
        raise ParameterError(
            "the sweep cannot be run (conf/base/parameters lists all parameters):\n"
            + "\n".join(f"  {problem}" for problem in dict.fromkeys(problems))
        )


def acts(name: str, parameters: Parameters) -> bool:
    """Tell whether a parameter changes anything of a training.

    What belongs to a stage of no steps does not, nor do the options of a loss that no stage uses.
    Trials that differ in such a parameter alone would be the same training twice.
    """
    training = parameters.training
    stages = {one: getattr(training, one) for one in _STAGES}
    block, _, rest = name.removeprefix("training.").partition(".")
    if block == "losses":
        used = {stage.loss for stage in stages.values() if stage.steps}
        return rest.partition(".")[0] in used
    of_closed_form = block == "head" and rest in ("start", "shrinkage", "least_directions", "refit")
    return block not in stages or rest == "steps" or of_closed_form or stages[block].steps > 0


def drawn_in_order(options: SweepOptions) -> list[ValuesOptions | RangeOptions]:
    """Return the space in an order in which it is known of each parameter whether it acts."""

    def rank(entry: ValuesOptions | RangeOptions) -> int:
        last = entry.parameter.rpartition(".")[2]
        return {"steps": 0, "loss": 1}.get(last, 2)

    return sorted(options.space, key=rank)


def grid(values: dict[str, Any], options: SweepOptions) -> list[Settings]:
    """Return every combination of the values, those once that make the same training."""
    entries = [entry for entry in drawn_in_order(options) if isinstance(entry, ValuesOptions)]
    found: dict[str, Settings] = {}
    for combination in itertools.product(*(entry.values for entry in entries)):
        chosen: Settings = {
            entry.parameter: value for entry, value in zip(entries, combination, strict=True)
        }
        complete = with_settings(values, options.fixed | chosen)
        problems = parameter_problems(complete)
        # One that is not legal fails as a trial of its own.
        if not problems:
            parameters = Parameters.model_validate(complete)
            chosen = {name: value for name, value in chosen.items() if acts(name, parameters)}
        found.setdefault(repr(chosen), chosen)
    return list(found.values())


def _problems_of_names(options: SweepOptions) -> Iterator[str]:
    named = {
        "sweep.space": [entry.parameter for entry in options.space],
        "sweep.fixed": list(options.fixed),
    }
    for place, names in named.items():
        for name in names:
            if name.partition(".")[0] not in _TRAINED_BY:
                yield (
                    f"{place}: {name} does not act in training; all trials are trained on the same "
                    f"images, and differ in {', '.join(_TRAINED_BY)} only"
                )
            elif name in _OF_EACH_RUN:
                yield f"{place}: {name}: each trial is trained from its beginning"
    space = set(named["sweep.space"])
    for number, entry in enumerate(options.first):
        for name in sorted(entry.keys() - space):
            yield f"sweep.first[{number}]: {name} is not a parameter of sweep.space"


def _problems_of_values(base: dict[str, Any], options: SweepOptions) -> Iterator[str]:
    for name, why in parameter_problems(base).items():
        yield f"sweep.fixed: {name}: {' or '.join(why)}"
    for entry in options.space:
        tried = entry.values if isinstance(entry, ValuesOptions) else [entry.low, entry.high]
        for value in tried:
            changed = with_settings(base, {entry.parameter: value})
            for name, why in parameter_problems(changed).items():
                yield f"sweep.space: {name}: {' or '.join(why)}"


def _problems_of_first(values: dict[str, Any], options: SweepOptions) -> Iterator[str]:
    for number, settings in enumerate(first_settings(values, options)):
        for entry in options.space:
            value = settings[entry.parameter]
            if not _holds(entry, value):
                yield (
                    f"sweep.first[{number}]: {entry.parameter} would be {value!r}, which "
                    "sweep.space does not hold: name another there, or add it to the space"
                )


def _holds(entry: ValuesOptions | RangeOptions, value: Any) -> bool:
    if isinstance(entry, ValuesOptions):
        return value in entry.values
    return isinstance(value, int | float) and entry.low <= value <= entry.high


def _value_of(values: dict[str, Any], name: str) -> Any:
    found: Any = values
    for part in name.split("."):
        found = found[part]
    return found
