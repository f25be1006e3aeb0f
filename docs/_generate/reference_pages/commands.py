"""The page about commands: those of the project, from click, and the targets of the Makefile."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click

from reference_pages.markdown import code, sentence, table

_INTRODUCTION = """\
# Command line

Run the commands in the project's folder, with `.venv` activated (`. .venv/bin/activate`), or as
`.venv/bin/kedro`. `kedro --help` also lists those that come with Kedro and Kedro-Viz.

This page is made from the commands' own help and from the Makefile.
"""
_TARGET = re.compile(r"^([a-z][a-z-]*):.*## (.*)$", re.MULTILINE)


def commands_page(commands: click.Group, makefile: Path) -> str:
    """Return the page."""
    parts = [_INTRODUCTION]
    # `run` first, for most need no other.
    named = sorted(commands.commands.items(), key=lambda item: (item[0] != "run", item[0]))
    parts += [_describe(name, command) for name, command in named]
    rows = ([code(f"make {target}"), sentence(what)] for target, what in _targets(makefile))
    return "\n".join([*parts, "## make\n", table(["command", "what it does"], rows), ""])


def _describe(name: str, command: click.Command) -> str:
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    rows = ([code(", ".join(one.opts)), _value(one), sentence(one.help or "")] for one in options)
    help_text = sentence(" ".join(inspect.cleandoc(command.help or "").split()))
    return "\n".join(
        [f"## kedro {name}\n", help_text + "\n", table(["option", "value", "meaning"], rows) + "\n"]
    )


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return ", ".join(code(str(choice)) for choice in option.type.choices)
    return "needed" if option.required else ""


def _targets(makefile: Path) -> list[tuple[str, str]]:
    return _TARGET.findall(makefile.read_text(encoding="utf-8"))
