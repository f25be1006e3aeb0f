"""Commands that only list things load no library that only computing needs."""

import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "lightning",
    "mlflow",
    "sklearn",
    "scipy",
    "matplotlib",
    "plotly",
    "umap",
    "joblib",
)
LISTING = f"""
import inspect, sys, typing
{{statements}}
print(*sorted(set({HEAVY}) & set(sys.modules)))
"""


@pytest.mark.parametrize(
    "statements",
    [
        # As Kedro does at each start: hints of parameters come from those of the nodes.
        "from plankton_embedding.pipeline_registry import register_pipelines\n"
        "for pipeline in register_pipelines().values():\n"
        "    for node in pipeline.nodes:\n"
        "        typing.get_type_hints(node.func)",
        "import plankton_embedding.settings, plankton_embedding.cli",
        "import pkgutil, importlib, plankton_embedding.datasets as datasets\n"
        "for module in pkgutil.iter_modules(datasets.__path__):\n"
        "    importlib.import_module(f'plankton_embedding.datasets.{module.name}')",
    ],
    ids=["pipelines", "settings and commands", "datasets"],
)
def test_listing_loads_nothing_heavy(statements):
    code = LISTING.format(statements=statements)
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert seen.split() == []
