"""The documentation says nothing that is not so: code blocks, inline code, reference pages."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys

import pytest
import yaml
from kedro.io import DataCatalog

from documents import PAGES, Block, read_blocks, read_inline_code
from kedro_commands import WrongCommandError, catalogue, check_parameters
from plankton_embedding.parameters import ParameterError, Parameters
from plankton_embedding.pipeline_registry import register_pipelines
from plankton_embedding.tracking import read_options
from reference_pages.catalogue import describe_datasets
from reference_pages.parameters import list_parameters
from shell_commands import check_shell
from tiny_project import ROOT

CONF = ROOT / "conf"
BLOCKS = [block for page in PAGES for block in read_blocks(page)]
CHECKED = [block for block in BLOCKS if block.is_checked]
FILE_NAME = re.compile(r"\.(csv|html|json|md|parquet|py|safetensors|toml|tsv|yaml|yml)$")
# Of other projects' plugins, which are not installed here.
NOT_OURS = ("kedro airflow", "kedro argo", "kedro databricks", "kedro docker")
LANGUAGES = {"sh", "python", "yaml", "text", "math"}
# Not parameters, though they begin as some do.
MLFLOW_TAGS = {"sweep.ended_because", "sweep.status"}


def of(language: str) -> list[Block]:
    return [block for block in CHECKED if block.language == language]


def test_there_are_pages_and_blocks():
    assert len(PAGES) > 20
    assert len(BLOCKS) > 50


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_says_what_it_is_and_why_it_is_not_run(block):
    if block.is_checked:
        assert block.language in LANGUAGES, (
            f"{block}: a block of {sorted(LANGUAGES)}, or <!-- not run: REASON --> above it"
        )
    elif block.marker[0] == "tested by":
        assert (ROOT / block.marker[1]).is_file()


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_commands_are_right(block):
    check_shell(block.text)
    subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_configuration_is_right(block):
    values = yaml.safe_load(block.text)
    place = re.fullmatch(r"conf/(\w+)/(\w+?)(?:/\w+)?\.yml", block.title)
    assert place, f'{block}: title="conf/ENVIRONMENT/FILE.yml" says what it is'
    kind = place[2]
    if kind == "parameters":
        check_parameters("base", values)
    elif kind == "catalog":
        DataCatalog.from_config(values)
    elif kind == "globals":
        assert set(values) <= set(yaml.safe_load((CONF / "base" / "globals.yml").read_text()))
    else:
        assert kind == "mlflow"
        read_options(yaml.safe_load((CONF / "base" / "mlflow.yml").read_text()) | values)


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_names_what_exists(block):
    tree = ast.parse(block.text)
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = importlib.import_module(alias.name)
                root = sys.modules[alias.name.partition(".")[0]]
                names[alias.asname or root.__name__] = module if alias.asname else root
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for alias in node.names:
                names[alias.asname or alias.name] = getattr(module, alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            *path, first = reversed(list(_dotted(node)))
            if first in names:
                thing = names[first]
                for name in reversed(path):
                    thing = getattr(thing, name)


def _dotted(node):
    """Yield the parts of a.b.c, the last first; nothing of a call's result."""
    while isinstance(node, ast.Attribute):
        yield node.attr
        node = node.value
    yield node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_inline_commands_are_right(page):
    for code in read_inline_code(page):
        if re.match(r"(\.venv/bin/)?(kedro|make|mlflow) [a-z-]", code):
            if code.startswith(NOT_OURS):
                continue
            check_shell(code)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_inline_names_of_parameters_and_files_are_right(page):
    blocks = {name for one in list_parameters(CONF) for name in _prefixes(one.name)}
    written = {entry.get("filepath", "") for entry in catalogue().values()}
    wrong = []
    for code in read_inline_code(page):
        name = code.partition(":")[0]
        if name in MLFLOW_TAGS:
            continue
        if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name) and not FILE_NAME.search(name):
            right = name.partition(".")[0] not in Parameters.model_fields or name in blocks
        elif re.fullmatch(r"(conf|docs|src|tests|benchmarks|notebooks)/[\w./-]+", code):
            right = (ROOT / code).exists() or code.startswith("conf/local")
        elif re.fullmatch(r"data/0[2-8][\w./]+", code):
            right = any(place.startswith(code.rstrip("/")) for place in written)
        else:
            continue
        if not right:
            wrong.append(code)
    assert wrong == []


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def test_every_parameter_has_a_meaning():
    parameters = list_parameters(CONF)
    assert len(parameters) > 100
    assert [one.name for one in parameters if not one.meaning] == []


def test_the_table_of_parameters_has_types_bounds_and_defaults():
    rows = {one.name: one for one in list_parameters(CONF)}
    assert rows["preprocess.image_size"].kind == "whole number ≥ 32 and ≤ 1024"
    assert rows["preprocess.image_size"].default == "299"
    assert rows["preprocess.background"].kind.count("<code>") == 3
    assert rows["embedder.weights"].kind.endswith("or a path, or `null`")
    assert rows["images"].default == "data/01_raw/images"
    assert rows["training.network.steps"].meaning == rows["training.head.steps"].meaning


def test_every_dataset_is_described():
    described = describe_datasets(CONF, register_pipelines())
    assert {name for name in catalogue() if not name.startswith("_")} == set(described)
    assert [name for name, what in described.items() if not what] == []


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("kedro run --pipelines modeling", "no pipeline modeling"),
        ("kedro run --pipelines reporting --to-nodes train", "train"),
        ("kedro run --envi sample", "No such option"),
        ("kedro run --env samples", "no environment samples"),
        ("kedro run --load-versions splitz:V", "no dataset splitz"),
        ("kedro train", "no command"),
        ("make it", "no target it"),
        ("python -m benchmarks.nothing", "no module"),
        ("pip install -e '.[s4]'", "no extra"),
        ("ls | kedro run --env x", "no environment x"),
        ("echo $(kedro run --env x)", "no environment x"),
        ("mlflow uid", "no command"),
        ("frobnicate", "nothing is known"),
        ("A=sample\nB=$A,s\nkedro run --env $B", "no environment sample,s"),
    ],
)
def test_wrong_commands_are_found(command, reason):
    with pytest.raises(WrongCommandError, match=reason):
        check_shell(command)


def test_wrong_parameters_are_found():
    with pytest.raises(ParameterError, match=r"training\.epochs: there is no such parameter"):
        check_shell("kedro run --params images=FOLDER,training.epochs=3")
