"""The pages about the Python interface, a page a package of the domain."""

from __future__ import annotations

from pathlib import Path

# What each is for; mkdocstrings does the rest.
PACKAGES = {
    "images": "From files to a store of square gray images. Knows no Kedro, MLflow or torch.",
    "training": "Network, losses, batches and stages. Knows no Kedro or MLflow.",
    "analysis": "What is measured on embeddings. NumPy and scikit-learn only.",
    "figures": "What is drawn of it: data in, figure or page out.",
}


def python_page(package: str, source: Path) -> str:
    """Return the page about a package: all its modules, in alphabetical order."""
    parts = [f"# plankton_embedding.{package}\n", PACKAGES[package] + "\n"]
    folder = source / "plankton_embedding" / package
    for path in sorted(folder.rglob("*.py")):
        place = path.relative_to(source).with_suffix("").parts
        if place[-1].startswith("_"):
            continue
        parts.append(f"::: {'.'.join(place)}\n")
    return "\n".join(parts)
