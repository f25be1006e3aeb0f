"""Seconds of nodes and stages, also of nodes that hand over chunk after chunk."""

import pytest

from plankton_embedding.tracking import durations
from plankton_embedding.tracking.durations import Durations


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(durations.time, "perf_counter", lambda: now[0])
    return now


def test_a_node_lasts_from_its_first_input_to_its_last_output(clock):
    taken = Durations({"scan": "data", "train": "modelling", "select": "modelling"})
    for node, times in {"scan": [0, 2], "train": [2, 5, 9], "select": [9, 9.5]}.items():
        for clock[0] in times:
            taken.see(node)
    assert taken.nodes() == {"train": 7, "scan": 2, "select": 0.5}
    assert list(taken.nodes()) == ["train", "scan", "select"]
    assert taken.stages() == {"modelling": 7.5, "data": 2}


def test_nodes_of_no_stage(clock):
    taken = Durations({})
    taken.see("strange")
    assert taken.stages() == {"other": 0.0}
