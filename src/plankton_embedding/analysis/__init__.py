"""What embeddings say about classes: centroids, geometry, scores, projection. NumPy only."""
