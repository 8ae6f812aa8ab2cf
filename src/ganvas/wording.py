"""Counts in sentences."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """As in "1 picture", "2,000 pictures"; a plural that is not made with an s is given."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def are(count: int) -> str:
    """What follows such a count: "is" or "are"."""
    return "is" if count == 1 else "are"
