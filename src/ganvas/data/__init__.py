"""Pictures in, seeded batches out."""

from ganvas.data.cache import cache_errors
from ganvas.data.doctor import Finding
from ganvas.data.findings import DoctorReport, Duplicate
from ganvas.data.listing import Broken, Source
from ganvas.data.load import PictureSet, contact_indices, load_pictures, natural_size
from ganvas.data.order import Share
from ganvas.data.shards.shown import Loss
from ganvas.data.sources import SOURCES, open_source, source_name
from ganvas.data.stream import Batch, BatchStream

__all__ = [
    "SOURCES",
    "Batch",
    "BatchStream",
    "Broken",
    "DoctorReport",
    "Duplicate",
    "Finding",
    "Loss",
    "PictureSet",
    "Share",
    "Source",
    "cache_errors",
    "contact_indices",
    "load_pictures",
    "natural_size",
    "open_source",
    "source_name",
]
