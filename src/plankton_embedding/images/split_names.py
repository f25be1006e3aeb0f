"""The names of the splits."""

TRAIN, VALIDATION, TEST, DROPPED = "train", "validation", "test", "dropped"
