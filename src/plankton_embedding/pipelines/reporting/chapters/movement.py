"""How the embedding took shape."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.figures.chapters import render_movement_chapter
from plankton_embedding.pipelines.reporting.nodes import figures
from plankton_embedding.pipelines.reporting.parts import OPTIONS, SEED, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "movement",
        [
            make_node(figures.follow_training, ["embeddings", OPTIONS, SEED], "embedding_motion"),
            make_node(figures.animate_embedding, ["embedding_motion"], "embedding_animation"),
            make_node(figures.animate_radii, ["embedding_motion"], "radius_animation"),
            make_node(
                render_movement_chapter,
                ["embedding_animation", "radius_animation"],
                "movement_chapter",
            ),
        ],
    )
