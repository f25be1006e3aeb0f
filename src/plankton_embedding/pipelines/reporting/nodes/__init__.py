"""Nodes that join functions of `analysis` and `figures`; the others are used as they are."""
