"""Commands in shell blocks: what they name must exist, and their options must be options."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import click

from kedro_commands import WrongCommandError, check_kedro
from tiny_project import ROOT

_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$(\w+)")
# Programs of the system, of which nothing is checked.
_SYSTEM = {
    *(".", "source", "base64", "cat", "cd", "cp", "curl", "echo", "export", "head", "git", "ln"),
    *("ls", "mkdir", "sbatch", "scontrol", "tr", "nvidia-smi", "apt-get", "tar", "sh", "unzip"),
}


def check_shell(text: str) -> None:
    """Check all commands of a shell block.

    Raises
    ------
    WrongCommandError
        If one names an option, a pipeline, a parameter or a file that does not exist, or a
        program of which nothing is known here.
    """
    variables: dict[str, str] = {}
    for words in split_commands(text):
        words = [_expand(word, variables) for word in words]
        if all(_ASSIGNMENT.match(word) for word in words):
            variables |= dict(word.split("=", 1) for word in words)
        check_command(words)


def _expand(word: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda name: variables.get(name[1], name[0]), word)


def split_commands(text: str) -> Iterator[list[str]]:
    """Split a block into its commands, those between pipes and in substitutions too."""
    pending = ""
    for line in text.replace("\\\n", " ").splitlines():
        pending += line + "\n"
        lexer = shlex.shlex(pending, posix=True, punctuation_chars=True)
        # Else commas and equals signs would be words of their own.
        lexer.whitespace_split = True
        try:
            tokens = list(lexer)
        except ValueError:
            # A quotation goes on in the next line.
            continue
        pending = ""
        yield from _between_separators(tokens)
    if pending:
        raise WrongCommandError(f"a quotation does not end: {pending}")


def _between_separators(tokens: list[str]) -> Iterator[list[str]]:
    words: list[str] = []
    to_file = False
    for token in tokens:
        if set(token) <= set("<>"):
            to_file = True
        elif set(token) <= set("();|&"):
            if words:
                yield words
            words = []
        elif to_file:
            to_file = False
        else:
            words.append(token)
    if words:
        yield words


def check_command(words: list[str]) -> None:
    """Check one command; see `check_shell`."""
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if not words:
        return
    program = words[0].removeprefix(".venv/bin/").removeprefix("elsewhere/bin/")
    if program == "srun":
        check_command([word for word in words[1:] if not word.startswith("-")][:1] + _after(words))
    elif program in _CHECKS:
        _CHECKS[program](words[1:])
    elif program not in _SYSTEM:
        raise WrongCommandError(
            f"nothing is known of the program {program!r} (tests/shell_commands.py); put "
            "<!-- not run: REASON --> above a block that cannot be checked"
        )


def _after(words: list[str]) -> list[str]:
    """Return what follows the program that `srun` starts."""
    start = next(place for place, word in enumerate(words[1:], 1) if not word.startswith("-"))
    return words[start + 1 :]


def check_make(words: list[str]) -> None:
    """Look up the targets."""
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    unknown = [word for word in words if "=" not in word and word not in targets]
    if unknown:
        raise WrongCommandError(f"there is no target {unknown[0]} in the Makefile")


def check_python(words: list[str]) -> None:
    """Look up the module of ``-m``, compile the code of ``-c``."""
    if words[:1] == ["-c"]:
        ast.parse(words[1])
    elif words[:2] == ["-m", "kedro"]:
        check_kedro(words[2:])
    elif words[:1] == ["-m"]:
        local = (ROOT / words[1].replace(".", "/")).with_suffix(".py").exists()
        if not local and importlib.util.find_spec(words[1]) is None:
            raise WrongCommandError(f"there is no module {words[1]}")
    elif not (ROOT / words[0]).exists():
        raise WrongCommandError(f"there is no {words[0]}")


def check_pip(words: list[str]) -> None:
    """Look up the extras of this project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extras in re.findall(r"(?:plankton_embedding|\.)\[([\w,]+)\]", " ".join(words)):
        unknown = set(extras.split(",")) - set(project["optional-dependencies"])
        if unknown:
            raise WrongCommandError(f"there is no extra {unknown}")


def check_mlflow(words: list[str]) -> None:
    """Parse a command of MLflow by its own options."""
    from mlflow.cli import cli as command

    group: Any = command
    while isinstance(group, click.Group):
        name, words = words[0], words[1:]
        group = group.get_command(click.Context(group), name)
        if group is None:
            raise WrongCommandError(f"there is no command mlflow … {name}")
    try:
        group.make_context(group.name, list(words))
    except click.ClickException as error:
        raise WrongCommandError(f"mlflow {group.name}: {error.format_message()}") from None


def check_torchrun(words: list[str]) -> None:
    """Check the Kedro command that it starts."""
    check_python(words[words.index("-m") :])


def check_pytest(words: list[str]) -> None:
    """Look up the files."""
    for word in words:
        if word.startswith("tests") and not (ROOT / word.partition("::")[0]).exists():
            raise WrongCommandError(f"there is no {word}")


_CHECKS: dict[str, Callable[[list[str]], None]] = {
    "kedro": check_kedro,
    "make": check_make,
    "mlflow": check_mlflow,
    "pip": check_pip,
    "pytest": check_pytest,
    "python": check_python,
    "python3": check_python,
    "torchrun": check_torchrun,
}
