"""What a request is answered with where it cannot be granted: a sentence for a person, and the field it is about."""


class Problem(Exception):
    """A request that is refused.

    status: of HTTP. detail: a sentence for a person. field: of what was sent, which the sentence is about; None where
    it is about none, or about all of it.
    """

    def __init__(self, status: int, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field


def missing(what: str, name: str) -> Problem:
    """That there is no such thing, as `missing("run", "cats")`."""
    return Problem(404, f"there is no {what} {name!r} here; it may have been removed or renamed")
