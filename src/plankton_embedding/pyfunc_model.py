"""The model that others load: MLflow keeps this file with it and runs it, so nothing is pickled."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from plankton_embedding.errors import UserError

# MLflow sets it in its scoring server.
_SERVED = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"


class PlanktonModel(PythonModel):
    """An embedder with its gallery: images in, classes and embeddings out."""

    def load_context(self, context: Any) -> None:
        """Read the artifacts, by the options of ``model_config``.

        Raises
        ------
        EmbedderError, GalleryError
            If they are not those of one embedder, whole and unchanged.
        """
        # torch is needed where a model is used, not where one is only logged.
        from plankton_embedding.training.image_classifier import (
            ClassifierFiles,
            read_image_classifier,
        )
        from plankton_embedding.training.image_embedder import ImageEmbedderOptions

        files = {name: Path(place) for name, place in context.artifacts.items()}
        options = ImageEmbedderOptions.model_validate(context.model_config)
        self._classifier = read_image_classifier(ClassifierFiles(**files), options)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Classify the images of the column ``image``.

        Parameters
        ----------
        context
            Of MLflow; not used.
        model_input
            A row an image: the bytes of its file, its path, or an array. To a server text is no
            path but base64: nobody makes it read files of its own.
        params
            There are none.

        Returns
        -------
        DataFrame
            See `ImageClassifier.classify`.

        Raises
        ------
        MlflowException
            If an image cannot be used; it says which and why.
        """
        images = [_decode(image) for image in model_input["image"].tolist()]
        try:
            return self._classifier.classify(images)
        except UserError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error


def _decode(image: Any) -> Any:
    is_text = isinstance(image, str) and os.environ.get(_SERVED) == "true"
    if not (is_text or isinstance(image, bytes)):
        return image
    try:
        # No image file is all letters and digits: some requests come with base64 as bytes.
        return base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as error:
        if is_text:
            raise MlflowException.invalid_parameter_value(
                "a server takes the bytes of images, as base64, and opens no paths"
            ) from error
        return image


set_model(PlanktonModel())
