"""Run by a test: load a model where nothing but its requirements can be imported."""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path


def close(names: set[str]) -> set[str]:
    """Add what the distributions need themselves, without extras."""
    found: set[str] = set()
    waiting = {normal(name) for name in names}
    while waiting:
        name = waiting.pop()
        found.add(name)
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        parts = [line.partition(";") for line in needed]
        waiting |= {normal(part[0]) for part in parts if "extra" not in part[2]} - found
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


class Finder:
    """Finds what the finders before it find, but no modules of other distributions."""

    def __init__(self, allowed: set[str]) -> None:
        owners = metadata.packages_distributions()
        self.hidden = {
            module
            for module, names in owners.items()
            if not {normal(name) for name in names} & allowed
        }
        # The editable installation; the model brings its own copy.
        self.hidden -= {"plankton_embedding"}
        self.finders = [*sys.meta_path]

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name.partition(".")[0] in self.hidden:
            return None
        specs = (finder.find_spec(name, path, target) for finder in self.finders)
        return next(filter(None, specs), None)

    def find_distributions(self, *context: object) -> list:
        finders = [one for one in self.finders if hasattr(one, "find_distributions")]
        return [found for one in finders for found in one.find_distributions(*context)]


def refuse(event: str, arguments: tuple) -> None:
    if event == "pickle.find_class":
        raise RuntimeError(f"something is unpickled: {arguments}")


folder, image = sys.argv[1:]
pins = (Path(folder) / "requirements.txt").read_text().split()
finder = Finder(close(set(pins)))
assert {"kedro", "lightning", "pytorch_metric_learning", "umap"} <= finder.hidden
sys.meta_path[:] = [finder]

import mlflow  # noqa: E402
import pandas as pd  # noqa: E402

sys.addaudithook(refuse)
model = mlflow.pyfunc.load_model(folder)
(row,) = model.predict(pd.DataFrame({"image": [image]})).to_dict("records")
print(json.dumps({**row, "package": sys.modules["plankton_embedding"].__file__}))
