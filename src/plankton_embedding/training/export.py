"""The network in formats that need neither this package nor, for ONNX, torch.

Input is uint8, images x image_size x image_size, gray, any number of images at least 1; output is
float32, images x embedding_size. Preprocessing stays outside: `images.preprocess`, by the card.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plankton_embedding.errors import UserError
from plankton_embedding.training.card import write_card
from plankton_embedding.training.embedder import Embedder
from plankton_embedding.training.trained_embedder import TrainedEmbedder

ExportFormat = Literal["onnx", "torch"]
SUFFIXES: dict[ExportFormat, str] = {"onnx": ".onnx", "torch": ".pt2"}

# Between the embedding of torch and that of the exported file, in any coordinate.
_LARGEST_DIFFERENCE = 1e-3
# Names of input and output, and of the input's first dimension.
_IMAGES, _EMBEDDINGS = "images", "embeddings"
_ONNX_PACKAGES = ("onnx", "onnxruntime", "onnxscript")

_Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class ExportError(UserError):
    """An embedder cannot be exported as asked."""


def export_embedder(embedder: TrainedEmbedder, path: Path, export_format: ExportFormat) -> float:
    """Write the network as ONNX or by `torch.export`, with its card beside it as ``.json``.

    The file is read again and compared with the network on batches of several sizes; one that
    does not compute the same is not kept.

    Parameters
    ----------
    embedder
        Its network is exported in evaluation mode and float32, on the CPU.
    path
        Ends in ``.onnx`` or ``.pt2``; a file that is there is replaced.
    export_format
        ``onnx``: needs the packages of the extra ``onnx``.

    Returns
    -------
    float
        The largest difference that was seen in any coordinate of an embedding.

    Raises
    ------
    ExportError
        If the ending is another one, packages are missing, or results differ by 1e-3 or more.
    EmbedderError
        If the weights do not fit the card.
    """
    _check(path, export_format)
    network = embedder.network().requires_grad_(False)
    size = embedder.card.preprocess.image_size
    write, read = (
        (_write_onnx, _read_onnx) if export_format == "onnx" else (_write_torch, _read_torch)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as folder:
        partial = Path(folder, path.name)
        write(network, size, partial)
        difference = _largest_difference(network, read(partial), size)
        # Not a number is no small difference.
        if not difference < _LARGEST_DIFFERENCE:
            raise ExportError(
                f"the exported network differs from the embedder by {difference:g} in a "
                f"coordinate, {_LARGEST_DIFFERENCE:g} or more: {path} was not written. Is it a "
                f"fault of torch {torch.__version__}? Try another version, or the other format."
            )
        os.replace(partial, path)
    write_card(path.with_suffix(".json"), embedder.card)
    return difference


def _check(path: Path, export_format: ExportFormat) -> None:
    suffix = SUFFIXES[export_format]
    if path.suffix != suffix:
        raise ExportError(f"{path}: a file of the format {export_format} must end in {suffix}.")
    missing = [name for name in _ONNX_PACKAGES if find_spec(name) is None]
    if export_format == "onnx" and missing:
        raise ExportError(
            f"ONNX needs {' and '.join(missing)}: pip install 'plankton_embedding[onnx]'."
        )


def _trace(network: Embedder, size: int) -> torch.export.ExportedProgram:
    # Of one image the number of images would be taken for a constant.
    example = torch.zeros(2, size, size, dtype=torch.uint8)
    images = torch.export.Dim(_IMAGES, min=1)
    return torch.export.export(network, (example,), dynamic_shapes={_IMAGES: {0: images}})


def _write_torch(network: Embedder, size: int, path: Path) -> None:
    with warnings.catch_warnings():
        # "No complete tensor found": of views of one storage, which the head's bias is not.
        warnings.simplefilter("ignore", UserWarning)
        torch.export.save(_trace(network, size), path)


def _read_torch(path: Path) -> _Embed:
    module = torch.export.load(path).module()

    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        embeddings: Tensor = module(torch.from_numpy(images))
        return embeddings.detach().numpy()

    return embed


def _write_onnx(network: Embedder, size: int, path: Path) -> None:
    program = torch.onnx.export(
        _trace(network, size),
        input_names=[_IMAGES],
        output_names=[_EMBEDDINGS],
        dynamo=True,
        verbose=False,
        # One file: weights of 90 MB are far below the 2 GB that one can hold.
        external_data=False,
    )
    if program is None:
        raise ExportError("torch.onnx.export returned nothing.")
    program.save(path, external_data=False)


def _read_onnx(path: Path) -> _Embed:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        (embeddings,) = session.run([_EMBEDDINGS], {_IMAGES: images})
        return np.asarray(embeddings)

    return embed


def _largest_difference(network: Embedder, exported: _Embed, size: int) -> float:
    """Compare on noise, on flat images, and in batches of one and of several."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (3, size, size), dtype=np.uint8)
    flat = np.stack([np.full((size, size), level, np.uint8) for level in (0, 255)])
    images = np.concatenate([noise, flat])
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)).numpy()
    difference = 0.0
    for batch in (slice(0, 1), slice(0, len(images))):
        found = exported(images[batch])
        if found.shape != expected[batch].shape:
            raise ExportError(f"the exported network returns the shape {found.shape}.")
        difference = np.maximum(difference, np.abs(found - expected[batch]).max())
    return float(difference)
