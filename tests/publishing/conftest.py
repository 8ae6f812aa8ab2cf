import pytest
from browsers import browser, launched, opened

__all__ = ["browser", "launched", "opened"]


@pytest.fixture(scope="session", autouse=True)
def the_page_can_be_made(web_runtime_fetched_once) -> None:
    """onnxruntime-web is there before any test asks for a page."""
