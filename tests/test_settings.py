import pytest
from pydantic import Field, ValidationError, model_validator

from ganvas.settings import Fault, Settings, fault, first_fault


class Inner(Settings):
    count: int = Field(default=1, ge=1)


class Outer(Settings):
    inner: Inner = Inner()
    name: str = ""

    @model_validator(mode="after")
    def _has_a_name(self):
        if self.name == "nobody":
            raise ValueError("expected a name")
        return self


def error_of(**values):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(values)
    return caught.value


def test_a_fault_is_named_by_the_path_to_it():
    error = error_of(inner={"count": 0}, name=3)
    assert first_fault(error) == Fault(
        "inner.count", 0, "Input should be greater than or equal to 1", "greater_than_equal"
    )
    assert [fault(each).where for each in error.errors()] == ["inner.count", "name"]


def test_a_fault_of_the_whole_has_a_name_too():
    assert first_fault(error_of(name="nobody")).where == "it"
