"""Parts of pipelines: what docs/running-parts.md prints can be run."""

import re
import shlex
import shutil

import pandas as pd
import pytest
import yaml
from kedro.framework.cli.project import run as run_command
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner

from commands import run, start, versions
from patience import PATIENCE
from plankton_embedding.checks import RunnerError, check_runner
from plankton_embedding.pipeline_registry import register_pipelines
from tiny_project import ROOT, draw_images, make_project

PAGE = (ROOT / "docs" / "running-parts.md").read_text()
COMMANDS = re.findall(r"^kedro run.*$", PAGE, re.MULTILINE)
PIPELINES = register_pipelines()


def _parse(command):
    return run_command.make_context("run", shlex.split(command)[2:]).params


def _part(options):
    whole = sum(PIPELINES[name] for name in options["pipelines"] or ["__default__"])
    return whole.filter(
        tags=options["tags"] or None,
        from_nodes=options["from_nodes"] or None,
        to_nodes=options["to_nodes"] or None,
        node_names=options["node_names"] or None,
        from_inputs=options["from_inputs"] or None,
        to_outputs=options["to_outputs"] or None,
    )


def _on_disk():
    entries = {}
    for path in (ROOT / "conf/base/catalog").glob("*.yml"):
        entries |= yaml.safe_load(path.read_text())
    return {
        name
        for name, entry in entries.items()
        if not name.startswith("_") and entry["type"] != "MemoryDataset"
    }


def _missing(part):
    return {name for name in part.inputs() if not name.startswith("params:")} - _on_disk()


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_page_prints_is_a_part_that_begins_with_files(command):
    options = _parse(command)
    part = _part(options)
    assert part.nodes
    assert _missing(part) == set()
    assert {*options["load_versions"]} <= part.datasets()


@pytest.mark.parametrize("name", [name for name in PIPELINES if name != "__default__"])
def test_every_tag_can_be_run_alone_and_stands_on_the_page(name):
    pipeline = PIPELINES[name]
    for tag in {tag for node in pipeline.nodes for tag in node.tags}:
        assert _missing(pipeline.only_nodes_with_tags(tag)) == set(), tag
        assert f"`{tag}`" in PAGE, tag


def test_runners_that_cannot_run_a_part_are_refused():
    with pytest.raises(RunnerError, match="scanning uses all"):
        check_runner(str(ParallelRunner()), PIPELINES["reporting"])
    with pytest.raises(RunnerError, match="reproduced"):
        check_runner(str(ThreadRunner()), PIPELINES["__default__"])
    check_runner(str(ThreadRunner()), PIPELINES["reporting"])
    check_runner(str(SequentialRunner()), PIPELINES["__default__"])


@pytest.mark.slow
def test_a_run_that_failed_goes_on_by_the_argument_that_it_prints(tmp_path):
    project = make_project(tmp_path / "project", draw_images(tmp_path / "images"))
    in_the_way = project / "data/03_primary/splits.parquet"
    in_the_way.parent.mkdir(parents=True)
    in_the_way.touch()
    command = ["--pipelines", "data_engineering"]
    process = start(project, *command)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode
    hint = re.search(r"--from-nodes \"(.+)\"", output)
    assert hint, output
    in_the_way.unlink()
    run(project, *command, "--from-nodes", hint[1])
    assert list(in_the_way.glob("*/splits.parquet"))


@pytest.mark.slow
def test_a_part_that_needs_what_lived_in_memory_says_where_to_begin(tmp_path):
    project = make_project(tmp_path / "project", draw_images(tmp_path / "images"))
    process = start(project, "--nodes", "find_duplicates")
    output, _ = process.communicate(timeout=PATIENCE)
    assert "--from-nodes accept_images" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_what_is_missing_is_made_and_older_versions_are_read(tmp_path, image_folder):
    project = make_project(tmp_path / "project", image_folder)
    command = ["--pipelines", "data_engineering"]
    run(project, *command)
    (manifest,) = versions(project, "02_intermediate/image_manifest.parquet")
    shutil.rmtree(project / "data/03_primary/splits.parquet")
    # What exists is taken for right, whatever the parameters are.
    run(project, *command, "--only-missing-outputs", "--params", "split.test_per_class=4")
    assert versions(project, "02_intermediate/image_manifest.parquet") == [manifest]
    (splits,) = versions(project, "03_primary/splits.parquet")
    assert (pd.read_parquet(splits)["split"] == "test").sum() == 3 * 4
    run(project, *command)
    older = f"splits:{splits.parent.name}"
    run(project, "--nodes", "count_classes", "--load-versions", older)
    tests = [pd.read_csv(path)["test"] for path in versions(project, "03_primary/class_counts.csv")]
    assert [counts.tolist() for counts in tests] == [[2] * 3, [2] * 3, [4] * 3]


@pytest.mark.slow
def test_a_runner_that_cannot_run_a_part_ends_the_command_at_once(tmp_path, image_folder):
    project = make_project(tmp_path / "project", image_folder)
    process = start(project, "--pipelines", "modelling", "--runner", "ThreadRunner")
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode
    assert "ThreadRunner" in output
    assert "Running node" not in output
    assert "Traceback" not in output
    # It comes before what else would end it: there are no images yet.
    assert "image_store" not in output


@pytest.mark.slow
def test_threads_report_the_same(tmp_path, image_folder):
    project = make_project(tmp_path / "project", image_folder)
    run(project, "--pipelines", "data_engineering,modelling")
    run(project, "--pipelines", "reporting")
    run(project, "--pipelines", "reporting", "--runner", "ThreadRunner")
    for name in ("metrics.json", "class_scores.png", "confusion_matrix.png", "report.html"):
        reports = sorted((project / "data/08_reporting" / name).glob(f"*/{name}"))
        assert len(reports) == 2
        assert reports[0].stat().st_size > 0
        if name != "report.html":
            assert reports[0].read_bytes() == reports[1].read_bytes(), name
