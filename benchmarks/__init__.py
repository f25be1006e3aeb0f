"""Benchmarks: what is fast, measured against what it is compared with, in the same run."""
