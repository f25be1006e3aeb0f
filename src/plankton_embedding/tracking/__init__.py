"""Tracking the runs of the pipelines in MLflow, also while its server cannot be reached."""
