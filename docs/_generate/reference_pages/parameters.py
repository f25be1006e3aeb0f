"""The page about all parameters: types from the models, values and meanings from ``conf/``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plankton_embedding.parameters import Parameters
from reference_pages.commented_yaml import CommentedKey, read_commented_keys
from reference_pages.markdown import anchor, code, sentence, table

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "null": "`null`",
    "path": "a path",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_INTRODUCTION = """\
# Parameters

All that can be set. A value is changed in `conf/local/parameters.yml`, or for one run with
`kedro run --params NAME=VALUE,…`; both take the names below, nested in the file and with dots on
the command line. `conf/local` is what `kedro run` reads beside `conf/base`; `kedro run --env NAME`
reads `conf/NAME` in its place. An unknown name or an impossible value ends the run before it
begins, with an error that names it.

This page is made from `conf/base/parameters` and from the models that validate it.
"""
_ENVIRONMENTS = """\
## What the environments change { #environments }

`kedro run --env NAME` takes the values of `conf/NAME` before those of `conf/base`. An empty cell is
the value of `base`.
"""


@dataclass(frozen=True)
class Parameter:
    """One parameter, by its dotted name; `meaning` is empty where nobody has written one."""

    name: str
    kind: str
    default: str
    meaning: str

    @property
    def block(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]


def list_parameters(conf: Path) -> list[Parameter]:
    """List all parameters in the order of the models.

    A parameter without a comment of its own has that of the same field of a block beside it, or of
    the same model: ``training.network`` means by ``steps`` what ``training.head`` does.
    """
    keys = _keys(conf / "base")
    fields = list(_walk(Parameters.model_json_schema()))
    shared = {
        (place, field): keys[name].comment
        for name, owner, field, _ in fields[::-1]
        for place in (owner, _beside(name))
        if keys[name].comment
    }
    return [
        Parameter(
            name,
            _kind(schema),
            _default(keys[name].value, conf),
            keys[name].comment
            or shared.get((owner, field), "")
            or shared.get((_beside(name), field), ""),
        )
        for name, owner, field, schema in fields
    ]


def _beside(name: str) -> str:
    """Return the name of the block that holds a parameter's block."""
    return ".".join(name.split(".")[:-2])


def parameters_page(conf: Path) -> str:
    """Return the page."""
    parameters = list_parameters(conf)
    comments = {name: key.comment for name, key in _keys(conf / "base").items()}
    general = [one for one in parameters if "." not in one.name]
    parts = [_INTRODUCTION, "## General\n", _rows(general)]
    for block in dict.fromkeys(one.block for one in parameters if "." in one.name):
        within = [one for one in parameters if one.block == block and "." in one.name]
        parts += [f"\n## `{block}` {{ #{block} }}\n", sentence(comments[block]) + "\n"]
        parts.append(_rows(within))
        parts.append(_notes(block, comments, {one.name for one in parameters}))
    return "\n".join([*parts, _ENVIRONMENTS, _environments(conf), ""])


def _rows(parameters: list[Parameter]) -> str:
    return table(
        ["parameter", "type, allowed values", "default", "meaning"],
        (
            [anchor(one.name) + code(one.name), one.kind, code(one.default), one.meaning]
            for one in parameters
        ),
    )


def _notes(block: str, comments: dict[str, str], leaves: set[str]) -> str:
    """Say what is said of blocks within a block."""
    inner = {
        name: comment
        for name, comment in comments.items()
        if name.startswith(f"{block}.") and comment and name not in leaves
    }
    return "\n" + "\n".join(f"- `{name}`: {sentence(text)}" for name, text in inner.items()) + "\n"


def _environments(conf: Path) -> str:
    others = sorted(
        path.name for path in conf.iterdir() if path.is_dir() and path.name not in ("base", "local")
    )
    base = {name: key.value for name, key in _keys(conf / "base").items()}
    values = {
        other: {
            name: key.value
            for name, key in _keys(conf / other).items()
            if key.value and key.value != base.get(name)
        }
        for other in others
    }
    changed = [name for name in base if any(name in values[other] for other in others)]
    return table(
        ["parameter", "`base`", *(code(other) for other in others)],
        (
            [code(name), code(base[name]), *(code(values[other].get(name, "")) for other in others)]
            for name in changed
        ),
    )


def _keys(environment: Path) -> dict[str, CommentedKey]:
    return {
        key.name: key
        for path in sorted((environment / "parameters").glob("*.yml"))
        for key in read_commented_keys(path)
    }


def _default(value: str, conf: Path) -> str:
    if not value.startswith("${globals:"):
        return value
    key = value.removeprefix("${globals:").removesuffix("}")
    (found,) = (
        one.value for one in read_commented_keys(conf / "base" / "globals.yml") if one.name == key
    )
    return found


def _walk(
    schema: dict[str, Any], model: str = "Parameters", prefix: str = ""
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Walk through name, model, field and schema of every parameter."""
    owner = schema if model == "Parameters" else schema["$defs"][model]
    for field, value in owner["properties"].items():
        reference = value.get("$ref", "").rpartition("/")[2]
        if reference:
            yield from _walk(schema, reference, f"{prefix}{field}.")
        else:
            yield f"{prefix}{field}", model, field, value


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return ", or ".join(dict.fromkeys(_kind(member) for member in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return ", ".join(code(str(value)) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" + (", not empty" * ("minItems" in schema))
    if schema.get("type") == "object":
        is_text = schema["additionalProperties"].get("type") == "string"
        return f"a mapping of names to {'names' if is_text else 'values'}"
    if "$ref" in schema:
        definition = Parameters.model_json_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
        return f"a mapping of {', '.join(code(field) for field in definition['properties'])}"
    bounds = [f"{sign} {schema[key]}" for key, sign in _BOUNDS.items() if key in schema]
    return f"{_TYPES[schema.get('format') or schema['type']]} {' and '.join(bounds)}".strip()
