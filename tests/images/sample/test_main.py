"""The command line draws the sample, and refuses in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from plankton_embedding.images.sample import __main__ as command
from plankton_embedding.images.sample import draw_sample


def test_the_seed_is_0_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Path, int]] = []
    monkeypatch.setattr(command, "draw_sample", lambda *call: calls.append(call))
    command.main([str(tmp_path)])
    command.main([str(tmp_path), "--seed", "7"])
    assert calls == [(tmp_path, 0), (tmp_path, 7)]


def test_a_refusal_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit) as stop:
        command.main([str(tmp_path)])
    assert stop.value.code == 2
    assert "is not a drawn sample: choose another directory" in capsys.readouterr().err


def test_a_negative_seed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main([str(tmp_path), "--seed", "-1"])
    assert stop.value.code == 2
    assert "--seed must be at least 0, not -1" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_draws_what_the_package_exports() -> None:
    assert command.draw_sample is draw_sample
