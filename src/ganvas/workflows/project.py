"""`ganvas project`: photos -> latents, and what a person wants to see of it."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import numpy as np
from PIL import Image

from ganvas.errors import SettingError
from ganvas.explore.photo import FITS, fitted, read_photo
from ganvas.explore.points import identities_of
from ganvas.explore.project import Projection as Found
from ganvas.explore.project import guesses_by_itself, project
from ganvas.files import replace_text, replacing, writing_to
from ganvas.formats.point import Point
from ganvas.formats.preset import Keyframe, Preset
from ganvas.formats.sheets import even, side_by_side, with_words
from ganvas.model.weights import Model
from ganvas.report.video import Reel, write_mp4
from ganvas.settings import shortened
from ganvas.wording import counted

MOST_STEPS, MOST_PHOTOS = 10_000, 1000
FILM_SECONDS, HELD_SECONDS = 3.0, 1.0


@dataclass(frozen=True)
class ProjectOptions:
    """photos: files. out: the folder to write; None: nothing is. The rest as `playing.project` has it."""

    photos: tuple[Path, ...]
    out: Path | None = None
    steps: int = 100
    seed: int | None = None
    label: str | None = None
    fit: str = "crop"
    film: bool = False


@dataclass(frozen=True)
class Projection(Found):
    """What was found for a photo. link: of its picture, as a page has it behind its #. name: of the photo's file."""

    name: str = ""
    link: str = ""


def project_photos(
    folder: Path, model: Model, options: ProjectOptions, told: Callable[[int, int], None] | None = None
) -> list[Projection]:
    """Find them, and write what was asked.

    Args:
        folder: where the model lies.
        told: is called with the steps that are done and those that there are, of all photos.
    Raises:
        SettingError: a photo cannot be read, an option is out of range, or the folder cannot be written.
    """
    described = model.description
    if not 0 <= options.steps <= MOST_STEPS or not 1 <= len(options.photos) <= MOST_PHOTOS or options.fit not in FITS:
        raise SettingError(
            f"{counted(len(options.photos), 'photo')}, {counted(options.steps, 'step')}, fit {shortened(options.fit)}: "
            f"expected 1 to {MOST_PHOTOS} photos, 0 to {MOST_STEPS} steps, and {', '.join(FITS)}"
        )
    if options.film and (options.out is None or not options.steps):
        raise SettingError("--film: films the search; give it --out and --steps above 0, or leave it out")
    if options.seed is not None and guesses_by_itself(model):
        raise SettingError(f"--seed {options.seed}: this model's first guess is of the photo alone; leave it out")
    seed = options.seed or 0
    names = strip_names(options)
    label = Point(label=options.label).label_index(described.classes) if options.label is not None else None
    size = described.width, described.height
    photos = [  # what fails, fails before the search
        fitted(read_photo(path, described.channel_setting), *size, options.fit) for path in options.photos
    ]
    found: list[Projection] = []
    for number, (path, picture) in enumerate(zip(options.photos, photos, strict=True)):
        one = project(
            model,
            picture,
            label=label,
            steps=options.steps,
            seed=seed,
            told=None
            if told is None
            else lambda done, total, number=number: told(number * total + done, len(photos) * total),
        )
        point = Point(
            seed=seed,
            z=tuple(one.z.tolist()),
            truncation=1.0,
            label=None if one.label is None else described.classes[one.label],
        )
        found.append(Projection(**vars(one), name=path.name, link=point.to_link()))
        if options.out is not None:
            with writing_to(options.out):
                write_one(found[-1], options.out / names[number], film=options.film)
    if options.out is not None:
        with writing_to(options.out):
            write_preset(found, options.out, identities_of(folder)[0])
    return found


def strip_names(options: ProjectOptions) -> list[str]:
    """What is written for each photo is called, without an ending: as the photo, with a number where two are alike.

    Raises:
        SettingError: one of the photos would be overwritten.
    """
    names: list[str] = []
    taken: set[str] = set()
    for path in options.photos:
        names.append(
            next(
                name
                for name in chain([path.stem], (f"{path.stem}-{n}" for n in count(2)))
                if name.casefold() not in taken
            )
        )
        taken.add(names[-1].casefold())
    if options.out is not None:
        photos = {path.resolve() for path in options.photos}
        for name in names:
            if options.out.resolve() / f"{name}.png" in photos:
                raise SettingError(
                    f"--out {options.out}: holds the photo {name}.png, which its strip would replace; "
                    "choose another folder"
                )
    return names


def write_one(found: Projection, out: Path, *, film: bool) -> None:
    """A strip of photo, guess and refined, and the film of the search. out: the path of both without an ending."""
    strip = np.stack([found.photo, found.guess, found.refined])
    words = (
        f"{found.before.pixels:.0f} grey levels away, {found.before.features:.2f} in features; refined "
        f"{found.after.pixels:.0f} and {found.after.features:.2f}"
    )
    with replacing(out.with_name(f"{out.name}.png")) as unfinished:
        with_words([(words, strip)], ("photo", "first guess", "refined")).save(unfinished)
    if film:

        def frame(number: int) -> Image.Image:
            return even(side_by_side(np.stack([found.photo, found.search[number]]), 2, scale=4))

        frames = len(found.search)
        each = [FILM_SECONDS / frames] * (frames - 1) + [HELD_SECONDS]
        write_mp4(Reel(frame, each), out.with_name(f"{out.name}.mp4"))


def write_preset(found: list[Projection], out: Path, identity: str) -> None:
    """preset.json, whose keyframes are what was found."""
    keyframes = tuple(Keyframe(point=one.link) for one in found)
    replace_text(out / "preset.json", Preset(model=identity, name="photos", keyframes=keyframes).to_json())
