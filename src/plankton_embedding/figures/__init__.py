"""Figures and the report page: data in, figure out."""
