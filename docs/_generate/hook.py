"""What MkDocs does beyond its plugins: pages made from the code, and formulas."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from plankton_embedding.cli import cli
from plankton_embedding.pipeline_registry import register_pipelines
from reference_pages.catalogue import catalogue_page
from reference_pages.commands import commands_page
from reference_pages.copied import copied_page
from reference_pages.mathematics import format_formula
from reference_pages.parameters import parameters_page
from reference_pages.pipelines import pipelines_page
from reference_pages.python_api import PACKAGES, python_page

_ROOT = Path(__file__).resolve().parents[2]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Have fenced blocks `math` become formulas."""
    config.mdx_configs["pymdownx.superfences"] = {
        "custom_fences": [{"name": "math", "class": "math", "format": format_formula}]
    }
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that nobody writes by hand."""
    for name, content in _pages().items():
        files.append(File.generated(config, name, content=content))
    return files


def _pages() -> dict[str, str]:
    pipelines = register_pipelines()
    return {
        "index.md": copied_page(_read("README.md"), until="## Development"),
        "changelog.md": copied_page(_read("CHANGELOG.md")),
        "contributing.md": copied_page(_read("CONTRIBUTING.md")),
        "reference/parameters.md": parameters_page(_ROOT / "conf"),
        "reference/catalogue.md": catalogue_page(_ROOT / "conf", pipelines),
        "reference/pipelines.md": pipelines_page(pipelines),
        "reference/command-line.md": commands_page(cli, _ROOT / "Makefile"),
        **{
            f"reference/python/{package}.md": python_page(package, _ROOT / "src")
            for package in PACKAGES
        },
    }


def _read(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")
