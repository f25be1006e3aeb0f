"""Parameters of the report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from plankton_embedding.parameters.options import Count, Options, PositiveShare


class ConfusionOptions(Options):
    """Confusion matrices, and the pairs of classes that are confused most."""

    order: Literal["similarity", "name"]
    pairs: int = Field(ge=0)
    images_per_pair: Count


class ComponentOptions(Options):
    """Views along the principal components."""

    images_per_class: Count
    central_share: PositiveShare
    explained_share: PositiveShare
    animated_images_per_class: Count
    animated_steps: int = Field(ge=2)


class MapOptions(Options):
    """The map of the embedding."""

    images: Count
    neighbours: int = Field(ge=2)
    min_distance: float = Field(ge=0, le=1)
    shown_neighbours: Count


class ClassifierOptions(Options):
    """The comparison of classifiers."""

    neighbour_counts: tuple[Count, ...] = Field(min_length=1)
    folds: int = Field(ge=2)
    components: Count
    kmeans_starts: Count
    bootstrap_draws: int = Field(ge=100)


class RetrievalOptions(Options):
    """Retrieval and clustering."""

    ranks: tuple[Count, ...] = Field(min_length=1)
    kmeans_starts: Count
    silhouette_images: int = Field(ge=2)


class LabelSuspectOptions(Options):
    """Labels to look at again."""

    neighbours: Count
    limit: Count
    shown: int = Field(ge=0)


class OpenWorldOptions(Options):
    """Classes that the network never saw, and how sure it is."""

    support_sizes: tuple[Count | Literal["all"], ...] = Field(min_length=1)
    held_out_share: float = Field(gt=0, lt=1)
    draws: Count
    neighbours: Count
    pixel_side: Count
    novelty_neighbours: Count
    curve_points: int = Field(ge=2)
    smallest_sample: Count
    bootstrap_draws: int = Field(ge=100)
    calibration_bins: Count


class ReportingOptions(Options):
    """The report."""

    title: str
    catch_all_classes: tuple[str, ...]
    confusions: ConfusionOptions
    components: ComponentOptions
    map: MapOptions
    classifiers: ClassifierOptions
    retrieval: RetrievalOptions
    label_suspects: LabelSuspectOptions
    open_world: OpenWorldOptions
