"""Words of messages."""


def counted(count: int, noun: str = "image") -> str:
    """Write how many there are, as `1 image` or `2,000 images`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
