"""The names of the splits."""

TRAIN, VALIDATION, TEST = "train", "validation", "test"
# Of classes that training never sees, and of images that nobody uses.
UNSEEN, DROPPED = "unseen", "dropped"
# In the order in which they are named.
SPLITS = (TRAIN, VALIDATION, TEST, UNSEEN, DROPPED)
