"""Kedro commands: parsed by Kedro's own options; what they name is looked up in the project."""

from __future__ import annotations

import functools
import re
from typing import Any

import click
from kedro.config import OmegaConfigLoader
from kedro.framework.cli.cli import KedroCLI

from plankton_embedding.parameters import validate_parameters
from plankton_embedding.pipeline_registry import register_pipelines
from plankton_embedding.settings import CONFIG_LOADER_ARGS
from tiny_project import ROOT

# NAME, V, FOLDER, …: the reader puts something there.
_PLACEHOLDER = re.compile(r"^[A-Z_]+$|…")
_FILTERS = {
    "tags": "tags",
    "from_nodes": "from_nodes",
    "to_nodes": "to_nodes",
    "node_names": "node_names",
    "from_inputs": "from_inputs",
    "to_outputs": "to_outputs",
    "namespaces": "node_namespaces",
}


class WrongCommandError(Exception):
    """A command that would not do what the page says."""


def check_kedro(words: list[str]) -> None:
    """Parse a Kedro command by Kedro's own options, and look up what it names."""
    command: Any = _kedro()
    context = click.Context(command)
    while isinstance(command, click.Group | click.CommandCollection):
        if not words or words[0].startswith("-"):
            return
        name, words = words[0], words[1:]
        command = command.get_command(context, name)
        if command is None:
            raise WrongCommandError(f"there is no command kedro … {name}")
    try:
        options = command.make_context(command.name, list(words)).params
    except click.exceptions.Exit:
        return
    except click.ClickException as error:
        raise WrongCommandError(f"kedro {command.name} {words}: {error.format_message()}") from None
    environment = options.get("env")
    if environment and not (ROOT / "conf" / environment).is_dir():
        raise WrongCommandError(f"there is no environment {environment}")
    if command.name == "run":
        _check_pipelines(options)
    _check_versions(options.get("load_versions") or {})
    _check_parameters(environment, options.get("params") or {})


def _check_pipelines(options: dict[str, Any]) -> None:
    registered = _pipelines()
    named = options.get("pipelines") or options.get("pipeline") or ["__default__"]
    names = [named] if isinstance(named, str) else list(named)
    if any(_PLACEHOLDER.search(name) for name in names):
        return
    unknown = [name for name in names if name not in registered]
    if unknown:
        raise WrongCommandError(f"there is no pipeline {unknown[0]}")
    wanted = {to: options[of] for of, to in _FILTERS.items() if options.get(of)}
    try:
        sum((registered[name] for name in names[1:]), registered[names[0]]).filter(**wanted)
    except ValueError as error:
        raise WrongCommandError(str(error)) from None


def _check_versions(versions: dict[str, str]) -> None:
    unknown = [
        name for name in versions if name not in catalogue() and not _PLACEHOLDER.search(name)
    ]
    if unknown:
        raise WrongCommandError(f"there is no dataset {unknown[0]}")


def _check_parameters(environment: str | None, given: dict[str, Any]) -> None:
    if not given or any(_PLACEHOLDER.search(name) for name in given):
        return
    # `local` is the reader's own.
    environment = environment if environment not in (None, "local") else "base"
    check_parameters(environment, given)


def check_parameters(environment: str, given: dict[str, Any]) -> None:
    """Validate parameters of `conf/` with some that are given in their place.

    Raises
    ------
    ParameterError
        If one is unknown or has an impossible value.
    """
    validate_parameters(_configuration(environment, given)["parameters"])


@functools.cache
def catalogue() -> dict[str, Any]:
    """Return the entries of the catalogue, by name."""
    return dict(_configuration("base", {})["catalog"])


def _configuration(environment: str, given: dict[str, Any]) -> OmegaConfigLoader:
    arguments = CONFIG_LOADER_ARGS | {"default_run_env": "base"}
    return OmegaConfigLoader(str(ROOT / "conf"), env=environment, runtime_params=given, **arguments)


@functools.cache
def _kedro() -> KedroCLI:
    return KedroCLI(ROOT)


@functools.cache
def _pipelines() -> dict[str, Any]:
    return register_pipelines()
