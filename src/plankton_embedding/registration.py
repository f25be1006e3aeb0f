"""An embedder, its gallery and its decision rule become a registered model of MLflow."""

from __future__ import annotations

import io
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from kedro.io import CatalogProtocol
from PIL import Image, ImageDraw

from plankton_embedding.checks import check_exists
from plankton_embedding.errors import UserError
from plankton_embedding.parameters import Parameters
from plankton_embedding.tracking.run import TrackedRun
from plankton_embedding.tracking.server import RefusedError

if TYPE_CHECKING:
    from plankton_embedding.training.image_classifier import ClassifierFiles
    from plankton_embedding.training.image_embedder import ImageEmbedderOptions

MODEL_DATASETS = ("embedder", "class_gallery", "decision_rule")
# What `training.image_classifier` imports, beside MLflow. torch and torchvision by their public
# versions, without the part that names a build (+cpu): of one index both are of the same build.
_PACKAGES = (
    *("mlflow", "torch", "torchvision", "timm", "numpy", "pandas", "scipy", "scikit-learn"),
    *("pyarrow", "pillow", "pydantic", "safetensors", "fsspec", "joblib", "tqdm"),
)
_ARTIFACT_FOLDER = "model"


class RegistrationError(UserError):
    """MLflow does not take a model."""


def register_latest(
    catalog: CatalogProtocol, parameters: Parameters, run: TrackedRun, name: str
) -> str | None:
    """Log the model of a catalogue's embedder, gallery and decision rule, and register it.

    Parameters
    ----------
    catalog
        Of the project; load versions that it was given count.
    parameters
        ``scan`` and ``training`` say which images the model takes and how it computes.
    run
        That the model is logged to.
    name
        Of the registered model; made where there is none.

    Returns
    -------
    str
        The version; None: the tracking server does not answer now.

    Raises
    ------
    MissingInputError
        If a dataset is not there yet.
    RegistrationError
        If MLflow does not take the model.
    EmbedderError, GalleryError
        If the three do not belong together.
    """
    from plankton_embedding.training.image_classifier import ClassifierFiles
    from plankton_embedding.training.image_embedder import ImageEmbedderOptions

    check_exists(catalog, *MODEL_DATASETS)
    datasets: dict[str, Any] = {one: catalog.get(one) for one in MODEL_DATASETS}
    places = {one: Path(dataset._get_load_path()) for one, dataset in datasets.items()}
    files = ClassifierFiles(**places)
    options = ImageEmbedderOptions.of_parameters(parameters.training, parameters.scan)
    # Others have other machines.
    options = options.model_copy(update={"device": "auto"})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, _ARTIFACT_FOLDER)
        try:
            metadata = save_model(place, files, options)
            run.log_artifact(place, _ARTIFACT_FOLDER, is_temporary=True)
            tags = {key: str(value) for key, value in metadata.items()}
            return run.register_model(_ARTIFACT_FOLDER, name, tags)
        except RefusedError as error:
            raise RegistrationError(
                f"MLflow does not take the model {name!r}: {error}. Name another in "
                "registered_model of conf/local/mlflow.yml, and try again with "
                "`kedro register-model`."
            ) from error
        except OSError as error:
            raise RegistrationError(f"the model cannot be written: {error}.") from error


def save_model(
    folder: Path, files: ClassifierFiles, options: ImageEmbedderOptions
) -> dict[str, str | int]:
    """Write a classifier as an MLflow model that needs no more than its pip requirements.

    The package's code goes with it, so that it loads where the package is not installed.

    Returns
    -------
    dict
        Its metadata: the fingerprints of data, embedder and gallery, and what it classifies into.

    Raises
    ------
    EmbedderError, GalleryError
        If the parts do not belong together.
    """
    # Of files that are copied from one folder into another.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Schema

    from plankton_embedding.training.image_classifier import read_image_classifier

    classifier = read_image_classifier(files, options)
    metadata: dict[str, str | int] = {
        "data_fingerprint": classifier.card.data_fingerprint,
        "embedder_fingerprint": classifier.embedder_fingerprint,
        "gallery_fingerprint": classifier.rule.gallery_fingerprint,
        "classes": len(classifier.gallery.class_names),
        "image_size": classifier.card.preprocess.image_size,
        "embedding_size": classifier.card.embedder.embedding_size,
    }
    package = Path(__file__).parent
    outputs: dict[str, DataType | Array] = {
        "class_name": DataType.string,
        "distance": DataType.double,
        "confidence": DataType.double,
        "is_unknown": DataType.boolean,
        "embedding": Array(DataType.double),
    }
    mlflow.pyfunc.save_model(
        path=folder,
        python_model=str(package / "pyfunc_model.py"),
        artifacts={name: str(getattr(files, name)) for name in MODEL_DATASETS},
        code_paths=[str(package)],
        signature=ModelSignature(
            Schema([ColSpec(DataType.binary, "image")]),
            Schema([ColSpec(kind, name) for name, kind in outputs.items()]),
        ),
        input_example=pd.DataFrame({"image": [_draw_example()]}),
        pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in _PACKAGES],
        model_config=options.model_dump(),
        metadata=metadata,
    )
    return metadata


def _draw_example() -> bytes:
    """Draw an animal of sorts, as a PNG."""
    image = Image.new("L", (64, 48), 255)
    pen = ImageDraw.Draw(image)
    pen.ellipse((14, 12, 50, 36), fill=90)
    pen.line((14, 24, 2, 6), fill=60, width=2)
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
