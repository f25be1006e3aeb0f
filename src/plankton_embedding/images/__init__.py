"""From image files to an image store: scan, splits, preprocessing, store, embedded sample."""
