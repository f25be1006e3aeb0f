"""Kedro datasets of the project: image folders, image stores, tables and models by step."""
