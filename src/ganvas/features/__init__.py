"""Networks that learned on other pictures, and the features that they see in ours. A score is only as good as these.

To add one, write its network in a file of its own and give it a line in EXTRACTORS.
"""

from ganvas.features.extractor import DEFAULT_EXTRACTOR, EXTRACTORS, RESIZE, Extractor, as_seen, extract, load_extractor

__all__ = ["DEFAULT_EXTRACTOR", "EXTRACTORS", "RESIZE", "Extractor", "as_seen", "extract", "load_extractor"]
