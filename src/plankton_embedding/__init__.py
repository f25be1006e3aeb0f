"""Deep embeddings of plankton images: class folders in, trained embedder and report out."""

__version__ = "0.1.0"
