"""Counts and times in sentences."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """As in "1 picture", "2,000 pictures"; a plural that is not made with an s is given."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def are(count: int) -> str:
    """What follows such a count: "is" or "are"."""
    return "is" if count == 1 else "are"


def in_time(seconds: float) -> str:
    """75 -> '1 min 15 s'."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if 0 < seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
