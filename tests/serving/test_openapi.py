"""The server does what its OpenAPI description says, whatever is asked."""

import pytest
from hypothesis import HealthCheck, given, settings

from ganvas.serving.api import create_app
from ganvas.serving.engine import Engine
from ganvas.serving.middleware import Limits

schemathesis = pytest.importorskip("schemathesis")
positive_data_acceptance = pytest.importorskip("schemathesis.specs.openapi.checks").positive_data_acceptance

CHECKED = settings(max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def described(published, labelled):
    engines = {"things": Engine(published.folder, threads=1), "animals": Engine(labelled.folder, threads=1)}
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(engines, Limits()))


def is_answered_as_described(case):
    # Which labels and directions there are is the model's affair, and no part of the description.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_every_answer_is_one_that_is_described(described, mode):
    """Its status, its media type and its body; and what the description does not allow is refused."""
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 5
    for operation in operations:
        if mode == "NEGATIVE" and not (operation.body or list(operation.iter_parameters())):
            continue  # nothing can be wrong about it
        cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode])
        CHECKED(given(cases)(is_answered_as_described))()
