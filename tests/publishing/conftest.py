import pytest

from browsers import browser, launched, opened
from ganvas.formats.manifest import read_description
from ganvas.formats.preset import Keyframe, Preset

__all__ = ["browser", "launched", "opened"]


@pytest.fixture(scope="session", autouse=True)
def the_page_can_be_made(web_runtime_fetched_once) -> None:
    """onnxruntime-web is there before any test asks for a page."""


@pytest.fixture
def preset(published):
    """Three keyframes in two seconds, as a stranger may have saved them, that the page plays at a tempo of its own."""
    keyframes = [
        Keyframe(point="seed=3&1=0.5", seconds=0.5, ease="linear"),
        Keyframe(point="seed=5&mix=9:0.5", seconds=1, ease="smooth"),
        Keyframe(point="seed=8&truncation=0.7", seconds=0.5, ease="hold"),
    ]
    model = read_description(published.folder).published.sha256
    return Preset(model=model, name="Dusk", keyframes=tuple(keyframes), page={"kind": "tour", "tempo": 90})
