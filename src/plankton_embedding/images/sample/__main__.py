"""``python -m plankton_embedding.images.sample DIRECTORY``: draw the embedded sample."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from plankton_embedding.images.sample import draw_sample


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m plankton_embedding.images.sample")
    parser.add_argument("directory", type=Path, help="where the class folders go")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if options.seed < 0:
        parser.error(f"--seed must be at least 0, not {options.seed}")
    try:
        draw_sample(options.directory, options.seed)
    except FileExistsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
