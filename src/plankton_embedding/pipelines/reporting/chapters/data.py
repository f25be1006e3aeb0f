"""The images themselves."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.figures.class_counts import draw_class_counts
from plankton_embedding.pipelines.reporting.nodes import pages
from plankton_embedding.pipelines.reporting.parts import OPTIONS, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "data",
        [
            make_node(draw_class_counts, ["class_counts"], "class_counts_figure"),
            make_node(
                pages.render_data_chapter,
                [
                    "class_counts",
                    "class_counts_figure",
                    "image_manifest",
                    "data_summary",
                    "embedder_card",
                    OPTIONS,
                ],
                "data_chapter",
            ),
        ],
    )
