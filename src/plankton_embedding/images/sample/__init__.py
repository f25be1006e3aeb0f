"""The embedded sample: 27 class folders of drawn, plankton-like gray images.

It lets anybody run the project offline. Nothing in it is real: the class names say what is
drawn. Equal seeds give equal files, byte for byte, with equal versions of numpy and Pillow::

    python -m plankton_embedding.images.sample data/01_raw/sample --seed 0
"""

from plankton_embedding.images.sample.folder import draw_sample

__all__ = ["draw_sample"]
