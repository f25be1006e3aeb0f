"""The names of the splits."""

TRAIN, VALIDATION, TEST = "train", "validation", "test"
# Of classes that training never sees, and of images that nobody uses.
UNSEEN, DROPPED = "unseen", "dropped"
