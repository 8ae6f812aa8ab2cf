"""From a request to latents, and from pictures to an answer; the server draws between the two, many at once."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import numpy as np

from ganvas.errors import SettingError
from ganvas.formats.images import over_checkerboard, picture_grid
from ganvas.formats.paths import along, nearest_stops
from ganvas.serving.encoding import ANIMATED, KINDS, Format, animated, encoded, zipped
from ganvas.serving.engine import Engine
from ganvas.serving.requests import ManyPictures, OnePicture, Walk
from ganvas.wording import are, counted

FOR_EVER = "max-age=31536000, immutable"
MOST_PIXELS = 1 << 22  # of one request: 64 pictures of 256 px, 1,024 of 64 px


@dataclass(frozen=True)
class Job:
    """Latents (N, Z) to draw, and labels (N,) or None."""

    z: np.ndarray
    labels: np.ndarray | None


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    body: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    """An answer that says what went wrong and what to do, as problem details. Source: RFC 9457."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return Answer(json.dumps(body).encode(), "application/problem+json", headers or {}, status)


def job_for_one(engine: Engine, seed: int, query: OnePicture) -> Job:
    """Raises SettingError for a label or a direction that the model does not have."""
    return Job(engine.latents([seed], query.truncation, query.steps), engine.labels([seed], query.label))


def one_picture(drawn: np.ndarray, format: Format, headers: dict[str, str]) -> Answer:
    """Of (1, H, W, C) uint8."""
    return Answer(encoded(drawn[0], format), KINDS[format].media_type, headers)


def picture_headers(engine: Engine, path: str, query: str, *, private: bool = False) -> dict[str, str]:
    """That a picture of a seed may be kept for ever, and a tag that says so without drawing it.

    private: only by the client itself, and not by caches on the way, which would hand it to others.

    The tag is a weak one: drawn beside others a picture may differ by a grey level.
    """
    name = sha256(f"{engine.identity} {path} {query}".encode()).hexdigest()[:32]
    return {"Cache-Control": f"{'private' if private else 'public'}, {FOR_EVER}", "ETag": f'W/"{name}"'}


def check_size(engine: Engine, pictures: int) -> None:
    """Raises SettingError if so many pictures of this model are more than one request may ask for."""
    most = MOST_PIXELS // (engine.description.height * engine.description.width)
    if pictures > most:
        raise SettingError(
            f"{counted(pictures, 'picture')} of this size {are(pictures)} too many at once; ask for at most {most}"
        )


def job_for_many(engine: Engine, body: ManyPictures) -> Job:
    """Raises SettingError for what the model does not have, for latents of another length, and for too many."""
    check_size(engine, len(body.latents or body.chosen or ()))
    if (seeds := body.chosen) is not None:
        return Job(engine.latents(seeds, body.truncation, body.directions), engine.labels(seeds, body.label))
    z_dim, given = engine.description.z_dim, body.latents or []
    if any(len(row) != z_dim for row in given):
        raise SettingError(f"latents: expected rows of {counted(z_dim, 'number')}")
    z = np.array(given, np.float32)
    scaled = z if body.truncation is None else z * np.float32(body.truncation)
    return Job(engine.moved(scaled, body.directions), engine.labels(range(len(z)), body.label))


def many_pictures(drawn: np.ndarray, body: ManyPictures) -> Answer:
    """Of (N, H, W, C) uint8: one sheet, or a zip with a file a picture, named by its seed or its place."""
    if body.layout == "zip":
        names = [f"{name:06d}" for name in body.chosen or range(len(drawn))]
        return Answer(zipped(drawn, names, body.format), "application/zip")
    sheet = picture_grid(over_checkerboard(drawn) if drawn.shape[-1] == 4 else drawn)
    return Answer(encoded(sheet, body.format), KINDS[body.format].media_type)


def job_for_walk(engine: Engine, query: Walk) -> Job:
    """Raises SettingError for a label that the model does not have, and for too many frames."""
    frames = max(query.frames, len(query.stops))
    check_size(engine, frames)
    stops = engine.latents(query.stops, 1.0)
    seconds, times = [1.0] * len(stops), np.arange(frames) * (len(stops) / frames)
    z = along(stops, seconds, times)
    if engine.description.z_distribution == "uniform":
        z = np.clip(z, -1, 1)  # a great circle leaves the cube
    labels = engine.labels(query.stops, query.label)
    every = None if labels is None else labels[nearest_stops(seconds, times)]
    return Job(z * engine.truncation(query.truncation), every)


def film(drawn: np.ndarray, query: Walk) -> Answer:
    """Of (N, H, W, C) uint8."""
    return Answer(animated(drawn, query.format, query.fps), ANIMATED[query.format].media_type)


def model_facts(name: str, engine: Engine) -> dict[str, object]:
    """What /v1/models says of one."""
    described, published = engine.description, engine.publication
    return {
        "model": name,
        "title": published.title,
        "about": published.about,
        "licence": published.licence,
        "width": described.width,
        "height": described.height,
        "channels": described.channels,
        "z_dim": described.z_dim,
        "z_distribution": described.z_distribution,
        "classes": list(described.classes),
        "truncation": published.truncation,
        "directions": [
            {"number": at, "name": each.name, "share": each.share} for at, each in enumerate(published.directions, 1)
        ],
        "findings": list(published.findings),
        "sha256": published.sha256,
    }
