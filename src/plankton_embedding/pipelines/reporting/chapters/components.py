"""The embedding by its principal components."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from plankton_embedding.analysis.principal_basis import measure_explained_variance
from plankton_embedding.pipelines.reporting.nodes import figures, pages
from plankton_embedding.pipelines.reporting.parts import OPTIONS, SEED, make_chapter, make_node


def create_chapter() -> Pipeline:
    """Create the chapter; its nodes in the order in which they are read."""
    return make_chapter(
        "components",
        [
            make_node(measure_explained_variance, ["reported_embeddings"], "explained_variance"),
            make_node(
                figures.draw_explained_variance,
                ["explained_variance", OPTIONS],
                "explained_variance_figure",
            ),
            make_node(
                figures.draw_component_views,
                ["reported_embeddings", OPTIONS, SEED],
                "component_views",
            ),
            make_node(
                figures.draw_standardised_views,
                ["reported_embeddings", OPTIONS, SEED],
                "standardised_views",
            ),
            make_node(
                figures.draw_principal_components,
                ["reported_embeddings", OPTIONS, SEED],
                "principal_components",
            ),
            make_node(
                pages.render_components_chapter,
                [
                    "explained_variance_figure",
                    "component_views",
                    "standardised_views",
                    "principal_components",
                    OPTIONS,
                ],
                "components_chapter",
            ),
        ],
    )
