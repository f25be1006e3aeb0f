"""`kedro export-embedder`: the network for other programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from plankton_embedding.cli import export_embedder
from trained_project import latest

pytestmark = pytest.mark.slow


def invoke(project, monkeypatch, *arguments):
    bootstrap_project(project)
    monkeypatch.chdir(project)
    return CliRunner().invoke(export_embedder, arguments)


def test_the_latest_embedder_is_written_with_its_card(trained, tmp_path, monkeypatch):
    output = tmp_path / "out" / "net.pt2"
    result = invoke(trained, monkeypatch, "--format", "torch", "--output", str(output))
    assert result.exit_code == 0, result.output
    assert f"Wrote {output}, at most" in result.output
    assert output.stat().st_size > 1e6
    card = json.loads((latest(trained, "06_models/embedder") / "card.json").read_text())
    assert json.loads(output.with_suffix(".json").read_text()) == card


def test_mistakes_are_told_without_a_traceback(trained, tmp_path, monkeypatch):
    result = invoke(trained, monkeypatch, "--format", "onnx", "--output", str(tmp_path / "net.pt2"))
    assert result.exit_code == 1
    assert "must end in .onnx" in " ".join(result.output.split())
    folder = latest(trained, "06_models/embedder")
    folder.rename(folder.with_name("gone"))
    result = invoke(trained, monkeypatch, "--format", "torch", "--output", str(tmp_path / "n.pt2"))
    assert result.exit_code == 1
    assert "no embedder yet. Run `kedro run --pipelines modelling`" in result.output
    assert "Traceback" not in result.output
