"""The Kedro pipelines; they meet only in the catalogue."""
