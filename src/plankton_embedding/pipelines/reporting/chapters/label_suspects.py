"""Labels that may be wrong."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.pipelines.reporting.nodes import figures, measurements, pages
from plankton_embedding.pipelines.reporting.parts import (
    FIGURE,
    OPTIONS,
    PAGE,
    make_chapter,
    make_node,
)


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "label_suspects",
        [
            make_node(
                measurements.judge_labels,
                ["reported_embeddings", "splits", OPTIONS],
                "label_judgements",
            ),
            make_node(
                measurements.rank_label_suspects,
                ["label_judgements", "image_manifest", OPTIONS],
                "label_suspects",
            ),
            make_node(
                figures.collect_suspect_pictures,
                ["reported_embeddings", "label_suspects", "image_store", OPTIONS],
                "suspect_pictures",
                tags=(FIGURE, PAGE),
            ),
            make_node(
                figures.draw_label_suspects,
                ["label_suspects", "suspect_pictures", OPTIONS],
                "label_suspects_figure",
            ),
            make_node(
                pages.render_suspects_chapter,
                ["label_suspects", "label_judgements", "suspect_pictures", OPTIONS],
                "suspects_chapter",
            ),
        ],
    )
