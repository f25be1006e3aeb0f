"""How long the nodes and the stages of a run take."""

from __future__ import annotations

import time
from collections.abc import Mapping


class Durations:
    """Takes the time of each node, from its first input loaded to its last output saved.

    Kedro calls a generator's node done before it began: what is saved of it says when it ended.

    Parameters
    ----------
    stages
        Stage of each node, by its name.
    """

    def __init__(self, stages: Mapping[str, str]) -> None:
        self._stages = stages
        self._times: dict[str, tuple[float, float]] = {}

    def see(self, node: str) -> None:
        """Note that a node does something now."""
        now = time.perf_counter()
        begun, _ = self._times.get(node, (now, now))
        self._times[node] = begun, now

    def nodes(self) -> dict[str, float]:
        """Return the seconds of each node, the longest first."""
        seconds = {node: round(end - begun, 3) for node, (begun, end) in self._times.items()}
        return dict(sorted(seconds.items(), key=lambda item: -item[1]))

    def stages(self) -> dict[str, float]:
        """Return the seconds of each stage: the sum over its nodes."""
        seconds: dict[str, float] = {}
        for node, taken in self.nodes().items():
            stage = self._stages.get(node, "other")
            seconds[stage] = round(seconds.get(stage, 0.0) + taken, 3)
        return seconds
