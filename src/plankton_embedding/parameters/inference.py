"""Parameters of the gallery, enrol and inference pipelines: using a trained embedder."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from plankton_embedding.parameters.options import Count, Options, PositiveShare, Share

Name = Annotated[str, Field(min_length=1)]


class GalleryOptions(Options):
    """The class gallery, and the rule that images are told to be unknown by."""

    examples: int = Field(ge=0, description="of each class, whose ids are kept with it")
    kept_share: PositiveShare = Field(
        description="of known images, that the threshold of is_unknown and those of the report keep"
    )


class EnrolOptions(Options):
    """A change of the gallery: classes that join, or that leave or get another name."""

    class_name: Name | None = Field(
        description="of all images of a flat folder; null: each folder of the folder is a class"
    )
    existing_classes: Literal["error", "extend"] = Field(
        description="what becomes of new images of a class that the gallery has"
    )
    least_recall: Share = Field(
        description="of a new class's images, each left out of it; less is warned of"
    )
    remove: tuple[Name, ...]
    rename: dict[Name, Name] = Field(description="from the old names to the new ones")

    @property
    def only_edits(self) -> bool:
        """Whether classes leave or are renamed; then no image is read."""
        return bool(self.remove or self.rename)

    @model_validator(mode="after")
    def _one_thing_at_a_time(self) -> EnrolOptions:
        if self.only_edits and self.class_name is not None:
            raise ValueError(
                "a run either enrols images (class_name) or edits classes (remove, rename): "
                "make two of it"
            )
        both = sorted(set(self.remove) & set(self.rename))
        if both:
            raise ValueError(f"{both[0]!r} cannot be both removed and renamed")
        return self


class InferenceOptions(Options):
    """Classifying images that nobody has labelled."""

    images_per_block: Count = Field(
        description="on average; a run that was ended goes on after its last whole block"
    )
    nearest_examples: int = Field(ge=0, description="of the gallery, named for each image")
    reviewed_per_class: int = Field(ge=0, description="images of a class on the review page")
