"""The map: every image in two dimensions."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.figures.chapters import render_map_chapter
from plankton_embedding.figures.embedding_map import draw_embedding_map
from plankton_embedding.pipelines.reporting.nodes import figures, measurements
from plankton_embedding.pipelines.reporting.parts import OPTIONS, SEED, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "map",
        [
            make_node(
                measurements.map_embedding,
                ["reported_embeddings", "reported_predictions", OPTIONS, SEED],
                "embedding_map",
            ),
            make_node(draw_embedding_map, ["embedding_map"], "embedding_map_figure"),
            make_node(
                figures.render_embedding_map,
                ["embedding_map", "image_store", OPTIONS],
                "embedding_map_page",
            ),
            make_node(render_map_chapter, ["embedding_map", "embedding_map_figure"], "map_chapter"),
        ],
    )
