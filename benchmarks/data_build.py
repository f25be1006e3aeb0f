"""One build of the image store, as the pipeline does it; prints what it took as JSON.

``python -m benchmarks.data_build IMAGES DATA``: the manifest and the store of earlier builds in
DATA are reused. Without Kedro's start and MLflow, and with the workers started before the clock.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

from kedro.io import Version
from kedro.io.core import generate_timestamp

from benchmarks.settings import load_parameters
from plankton_embedding.datasets.earlier_manifest_dataset import EarlierManifestDataset
from plankton_embedding.datasets.image_store_dataset import BUILDING, ImageStoreDataset
from plankton_embedding.images.build import prepare_images
from plankton_embedding.images.duplicates import find_duplicates
from plankton_embedding.images.engine import map_blocks
from plankton_embedding.images.listing import list_images
from plankton_embedding.images.location import open_location
from plankton_embedding.images.scan import scan_images
from plankton_embedding.images.splits import assign_splits
from plankton_embedding.images.store_ahead import StoreAhead
from plankton_embedding.parameters import EngineOptions


def main() -> None:
    """Build."""
    images, data = map(Path, sys.argv[1:])
    # Splits by fractions, so that a class of any size is split.
    options = load_parameters(
        None, split={"validation_per_class": 0.1, "test_per_class": 0.1}, images=str(images)
    )
    start_workers(options.engine)
    version = generate_timestamp()
    began = time.perf_counter()
    manifest_folder = data / "image_manifest.parquet"
    earlier = EarlierManifestDataset(filepath=str(manifest_folder)).load()
    listed = list_images(open_location(str(images)), options.source)
    ahead = StoreAhead(
        data / "image_store" / BUILDING, options.preprocess, options.store.images_per_shard
    )
    manifest = scan_images(listed, options.scan, options.engine, earlier, ahead)
    path = manifest_folder / version / manifest_folder.name
    path.parent.mkdir(parents=True)
    manifest.to_parquet(path)
    scanned = time.perf_counter()
    duplicates = find_duplicates(manifest[manifest["status"] == "accepted"], options.duplicates)
    splits = assign_splits(manifest, duplicates, options.split, options.seed)
    decided = time.perf_counter()
    steps = (options.preprocess, options.store, options.engine)
    content = prepare_images(listed, manifest, splits, "benchmark", steps)
    store = ImageStoreDataset(filepath=str(data / "image_store"), version=Version(None, version))
    store.save(content)
    stored = time.perf_counter()
    facts = {
        "files": len(manifest),
        "scan": scanned - began,
        "split": decided - scanned,
        "store": stored - decided,
        "peak": peak_memory(),
    }
    print(json.dumps(facts))


def peak_memory() -> int:
    """Return the most bytes that this process held; Linux.

    `getrusage` would count what the process that started this one held.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def start_workers(engine: EngineOptions) -> None:
    """Start the workers, and have them import what they need."""
    for _ in map_blocks(_import, range(8), engine, "start"):
        pass


def _import(number: int) -> int:

    time.sleep(0.2)
    return number


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
