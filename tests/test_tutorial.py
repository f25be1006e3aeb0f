"""The tutorial, command by command as it is printed, in a copy of the project.

The copy's configuration is made small, so that a training takes seconds; the commands are not.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from documents import Block, read_blocks
from patience import PATIENCE
from tiny_project import ROOT, draw_images, tiny_values

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, ("bash", "curl", "make"))), reason="needs bash, curl and make"
    ),
]

BLOCKS = read_blocks(ROOT / "docs" / "tutorial.md")
SERVED = [block for block in BLOCKS if block.marker and block.marker[0] == "server"]
BEGIN = "### block at line"
# What a training does for long.
SMALL_STAGE = {"steps": 1, "epochs_per_step": 1}
# In a process group of its own, which is ended when the page has answered.
SERVER = """
setsid bash -c {command} & server=$!
for second in $(seq 300); do curl -sf {address} > /dev/null && break; sleep 1; done
curl -sf {address} > /dev/null && echo "served {address}"
kill -- -$server
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Run the tutorial, and return what each shell block printed, by its line."""
    for block in SERVED:
        port = urlsplit(block.marker[1]).port
        if not is_free(port):
            pytest.skip(f"port {port}, which the tutorial names, is taken on this machine")
    folder = tmp_path_factory.mktemp("tutorial")
    home = make_home(folder / "home")
    project = copy_project(folder / "plankton-embedding")
    for block in BLOCKS:
        if block.language == "yaml":
            (project / block.title).parent.mkdir(exist_ok=True)
            (project / block.title).write_text(block.text)
    return split_output(run_script(write_script(), project, home))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def make_home(home: Path) -> Path:
    """Draw the reader's images, labelled and new ones, and put ImageNet's weights in their place.

    The weights are random, since there is no network.
    """
    import torch
    from torchvision.models import inception_v3

    draw_images(home / "plankton" / "classes")
    (home / "plankton" / "classes" / "disc" / "notes.png").write_text("no image")
    draw_images(home / "plankton" / "new", images_per_class=2)
    cache = home / ".cache" / "torch" / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    network = inception_v3(weights=None, init_weights=False)
    torch.save(network.state_dict(), cache / "inception_v3_google-0cc3c7bd.pth")
    return home


def copy_project(project: Path) -> Path:
    """Copy what is under version control and needed here; the environment is that of the test."""
    project.mkdir()
    for name in ("src", "conf", "data"):
        shutil.copytree(ROOT / name, project / name, ignore=_ignore)
    for name in ("Makefile", "pyproject.toml", ".telemetry", "README.md"):
        shutil.copy(ROOT / name, project)
    environment = project / ".venv"
    environment.mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != ".installed":
            (environment / path.name).symlink_to(path)
    (environment / ".installed").touch()
    draw_images(project / "data" / "01_raw" / "sample")
    make_small(project / "conf")
    return project


def _ignore(folder: str, names: list[str]) -> set[str]:
    """Leave out what runs wrote, and the user's own configuration."""
    if Path(folder).parent == ROOT / "data":
        return {name for name in names if name != ".gitkeep"}
    return {"__pycache__", "local"} & set(names)


def make_small(conf: Path) -> None:
    """Write tiny parameters over those of the environments that the tutorial runs."""
    tiny = tiny_values(Path("unused"))
    small = {
        "training": {
            "head": SMALL_STAGE,
            "warm_up": SMALL_STAGE,
            "network": SMALL_STAGE,
            "device": "cpu",
            "batches": tiny["training"]["batches"],
        },
        "reporting": tiny["reporting"],
    }
    warm_up = {"training": {"warm_up": SMALL_STAGE, "head": {"steps": 0}}}
    for environment, values in (("base", small), ("sample", warm_up), ("scratch", warm_up)):
        for path in (conf / environment / "parameters").glob("*.yml"):
            written = yaml.safe_load(path.read_text())
            path.write_text(yaml.safe_dump(_merge(written, values, small)))
    # A model of 90 MB of every gallery would be registered.
    tracking = yaml.safe_load((conf / "base" / "mlflow.yml").read_text())
    tracking["registered_model"] = None
    (conf / "base" / "mlflow.yml").write_text(yaml.safe_dump(tracking))


def _merge(written: dict, *values: dict) -> dict:
    """Replace what is written by values of the same names."""
    for value in values:
        for name, inner in value.items():
            if isinstance(inner, dict) and isinstance(written.get(name), dict):
                _merge(written[name], inner)
            elif name in written:
                written[name] = inner
    return written


def write_script() -> str:
    """Write all shell blocks that are run as one script, that ends at the first failure."""
    parts = ["set -e\n"]
    for block in BLOCKS:
        if block.language != "sh" or (block.marker and block.marker[0] == "not run"):
            continue
        parts.append(f'echo "{BEGIN} {block.line}"\n')
        if block.marker and block.marker[0] == "server":
            parts.append(
                SERVER.format(command=shlex.quote(block.text.strip()), address=block.marker[1])
            )
        else:
            parts.append(block.text)
    return "".join(parts)


def run_script(script: str, project: Path, home: Path) -> str:
    """Run the script in the project with a home of its own, and return what it printed."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_TRACKING", "MLFLOW_EXPERIMENT", "TORCH_HOME", "XDG_"))
    }
    process = subprocess.Popen(
        ["bash"],
        cwd=project,
        env=kept | {"HOME": str(home), "PYTHONPATH": str(project / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(script, timeout=3 * PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 0, output[-5000:]
    return output


def split_output(output: str) -> dict[int, str]:
    """Return the output of each block by its line in the page."""
    parts = re.split(rf"^{BEGIN} (\d+)$", output, flags=re.MULTILINE)[1:]
    return {int(line): text for line, text in zip(parts[::2], parts[1::2], strict=True)}


def printed_after() -> list[tuple[Block, Block]]:
    """Pair what the page shows as output with the shell block before it."""
    shells = [block for block in BLOCKS if block.language == "sh"]
    return [
        (max((one for one in shells if one.line < block.line), key=lambda one: one.line), block)
        for block in BLOCKS
        if block.language == "text" and block.marker is None
    ]


def without_numbers(text: str) -> str:
    return " ".join(re.sub(r"\d[\d.,]*\d|\d", "#", text).split())


@pytest.mark.parametrize(("shell", "shown"), printed_after(), ids=str)
def test_the_reader_sees_what_the_page_shows(shell, shown, outputs):
    seen = without_numbers(outputs[shell.line])
    # A line that ends in … goes on with what is the reader's own.
    for line in shown.text.replace("…", "").splitlines():
        place = seen.find(without_numbers(line))
        assert place >= 0, f"{line!r} is not in the rest of\n{outputs[shell.line][-3000:]}"
        seen = seen[place:]


@pytest.mark.parametrize("block", SERVED, ids=str)
def test_the_addresses_are_served(block, outputs):
    assert f"served {block.marker[1]}" in outputs[block.line]


def test_the_reader_s_folder_is_left_alone_and_every_file_is_accounted_for(outputs):
    ending = outputs[max(outputs)]
    assert "review page" in ending
    rejects = [text for text in outputs.values() if "1 file is not used" in text]
    assert rejects, "the file that is no image is told of"
