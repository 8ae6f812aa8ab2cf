"""The public functions that play a trained generator."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.errors import SettingError
from ganvas.settings import shortened
from ganvas.wording import counted
from ganvas.workflows.parse import Size, parse_duration, parse_path, parse_size
from ganvas.workflows.progress import counting
from ganvas.workflows.public.models import ModelLike, load

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganvas.data.handed import PicturesLike
    from ganvas.explore.neighbours import Neighbours
    from ganvas.workflows.directions import DirectionsResult
    from ganvas.workflows.project import Projection

LOOPS = "tour", "noise"
STOPS, LEG_SECONDS, LOOP_SECONDS, RADIUS = 6, 2.0, 10.0, 1.0
SHARE = 0.5  # of a mixture, on the way from one picture to the other
MOST_MIXED = 1024
Stop = int | str


def walk(
    model: ModelLike,
    out: str | os.PathLike[str],
    *,
    stops: Sequence[Stop] | None = None,
    preset: str | os.PathLike[str] | None = None,
    loop: str | None = None,
    radius: float | None = None,
    seconds: str | float | None = None,
    fps: int = 30,
    grid: Size | None = None,
    scale: int | None = None,
    truncation: float | None = None,
    label: str | None = None,
    seed: int | None = None,
    at: int | str | None = None,
    progress: bool = True,
) -> Path:
    """A film through latent space that ends where it begins; returns its path. Memory does not grow with its length.

    Args:
        model: as `load` takes it. at: the moment of the run, images shown, or "last".
        out: a film by its ending: .mp4, .webm, .gif or .webp; without one, a new folder of PNGs.
        stops: seeds, or links as a published page gives them; None: six seeds from `seed` on.
        preset: a file that a page saved, instead of stops; it plays as there, but for what is given here.
        loop: "tour", as where None is given, goes from stop to stop along great circles; "noise" stays around a stop,
            on a closed random curve.
        radius: of the curve: at 0 nothing moves, at 1, as where None is given, half a loop later it is another picture.
        seconds: of the whole film; None: two for every stop, ten for a curve.
        grid: pictures side by side, as "3x3" (columns x rows), each a stop further; None: one.
        scale: what a pixel is enlarged by; None: as far as 512 px.
        truncation: below 1, nearer to the mean picture and less varied; None: the model's own.
        label: a class, for stops that name none; a seed has one of its own.
        seed: of the first stop, where none are given, and of the curve; None: 0.
        progress: show on stderr how far it is.
    Raises:
        GanvasError: the model cannot be read, does not have what is asked, or the film cannot be written.
    """
    from ganvas.explore.points import identities_of
    from ganvas.formats.preset import USUAL_TEMPO, Keyframe, Played, read_preset
    from ganvas.workflows.generate import checked_seeds
    from ganvas.workflows.walk import WalkOptions, check_cells, walk_film

    generator = load(model, at=at)
    if loop is not None and loop not in LOOPS:
        raise SettingError(f"loop {shortened(loop)}: expected {' or '.join(LOOPS)}")
    if stops is not None and preset is not None:
        raise SettingError(f"stops and --preset {preset}: expected one of them; the preset has stops of its own")
    saved = None if preset is None else read_preset(Path(preset), identities_of(generator.path))
    played = Played() if saved is None else saved.played
    is_noise = (loop or played.kind) == "noise"
    if radius is not None and not is_noise:
        raise SettingError(f"--radius {shortened(radius)}: is of a noise loop; give --loop noise too, or leave it out")
    if seed is not None and not is_noise and not (stops is None and saved is None):
        raise SettingError(f"--seed {shortened(seed)}: is of the first stop where none are given; leave it out")
    columns, rows = (played.columns, played.rows) if grid is None else parse_size(grid)
    check_cells(columns, rows)
    first, cells = int(played.seed or 0) if seed is None else seed, columns * rows
    if is_noise:
        checked_seeds([first, first + cells - 1])  # each picture has its own
    if is_noise and stops is not None and len(stops) > cells:
        raise SettingError(
            f"{counted(len(stops), 'stop')}: a noise loop stays around one, with --grid each picture around its own; "
            f"expected at most {cells}"
        )
    if saved is None:
        usual = range(first, first + (cells if is_noise else max(STOPS, cells)))
        links = _links(map(str, usual if stops is None else stops), truncation, label)
        keyframes = [Keyframe(point=link, seconds=LEG_SECONDS, ease="linear") for link in links]
    else:
        links = _links((each.point for each in saved.keyframes), truncation, label)
        keyframes = [each.model_copy(update={"point": link}) for each, link in zip(saved.keyframes, links, strict=True)]
    lasting = parse_duration(seconds) if seconds is not None else None
    if lasting is None and is_noise:
        lasting = LOOP_SECONDS if played.seconds is None else played.seconds * USUAL_TEMPO / played.tempo
    usual_radius = RADIUS if played.radius is None else played.radius
    options = WalkOptions(
        Path(out),
        tuple(keyframes),
        is_noise=is_noise,
        radius=usual_radius if radius is None else radius,
        seconds=lasting,
        fps=fps,
        columns=columns,
        rows=rows,
        scale=scale,
        seed=first,
    )
    with counting("drawing the film", progress) as told:
        return walk_film(generator.model, options, told)


def project(
    model: ModelLike,
    photos: "Sequence[str | os.PathLike[str]] | str | os.PathLike[str]",
    out: str | os.PathLike[str] | None = None,
    *,
    steps: int = 100,
    seed: int | None = None,
    label: str | None = None,
    fit: str = "crop",
    film: bool = False,
    at: int | str | None = None,
    progress: bool = True,
) -> "list[Projection]":
    """The latent of each photo whose picture is nearest to it: as this generator sees it.

    Args:
        photos: files.
        out: a folder for a strip of each (photo, first guess, refined), a film of the search, and preset.json with all
            of them as keyframes, which `walk` plays; None: nothing is written.
        steps: of the refinement; 0: the first guess, which takes milliseconds where the recipe starts at principal
            components.
        seed: where the search begins, for models with neither components nor an encoder; None: 0.
        label: the class; None: the one that fits best.
        fit: how photos of another shape are made to fit: crop, pad or stretch.
        film: also write a film of each search.
    Returns:
        `.z` (Z,), `.photo`, `.guess`, `.refined` (H, W, C) uint8, `.before`, `.after` with `.pixels` and `.features`,
        `.link` as a page has it behind its #; one for each photo.
    Raises:
        SettingError: a photo cannot be read, or the model does not know the label.
    """
    from ganvas.workflows.generate import checked_seeds
    from ganvas.workflows.project import ProjectOptions, project_photos

    if seed is not None:
        checked_seeds([seed])
    generator = load(model, at=at)
    one = isinstance(photos, str | os.PathLike)
    paths = tuple(Path(photo) for photo in ([photos] if one else photos))
    options = ProjectOptions(paths, None if out is None else Path(out), steps, seed, label, fit, film)
    with counting("looking for the photos", progress) as told:
        return project_photos(generator.path, generator.model, options, told)


def mix(
    model: ModelLike,
    rows: Sequence[Stop] | None = None,
    columns: Sequence[Stop] | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    seeds: Sequence[Stop] | None = None,
    share: float | None = None,
    coarse: int | None = None,
    truncation: float | None = None,
    label: str | None = None,
    at: int | str | None = None,
) -> "Image":
    """The table of mixtures, as a sheet: a row and a column for each picture.

    Args:
        rows, columns: seeds, or links as a published page gives them; None: `seeds`, or the same as the other.
        out: a file for the sheet.
        seeds: likewise, of both: every one is mixed with every one.
        share: of the way from the row's picture to the column's; None: half.
        coarse: style mixing instead: so many numbers of the row's latent, the rest of the column's. With the default
            recipe the first ones are pose and light; 8 is a good beginning.
        truncation, label: for pictures that say nothing of it.
    Raises:
        SettingError: the model does not have what is asked, or one option makes another meaningless.
    """
    from ganvas.explore.mix import mixed
    from ganvas.formats.point import point_of
    from ganvas.formats.sheets import check_ending, save_sheet, scale_for, with_words

    left, above = _sides(rows, columns, seeds)
    if share is not None and coarse is not None:
        raise SettingError(
            f"--share {share:g} beside --coarse {coarse}: a number of the latent is the row's or the column's, none is "
            "between; leave one out"
        )
    share = SHARE if share is None else share
    generator = load(model, at=at)
    size = generator.description.z_dim
    if not 0 <= share <= 1 or (coarse is not None and not 0 < coarse < size):
        raise SettingError(f"share {share:g}, coarse {coarse}: expected 0 to 1, and 1 to {size - 1}")
    if not left or not above or len(left) * len(above) > MOST_MIXED:
        raise SettingError(f"{len(left)} by {len(above)} mixtures: expected 1 to {MOST_MIXED} in all")
    if out is not None:
        check_ending(Path(out))
    links = _links(map(str, (*left, *above)), truncation, label)
    points = [point_of(link) for link in links]
    table = mixed(generator.model, points[: len(left)], points[len(left) :], share=share, coarse=coarse)
    sheet = with_words(
        list(zip(["", *map(_called, left)], table, strict=True)),
        ["", *map(_called, above)],
        scale_for((len(above) + 1) * table.shape[3], (len(left) + 1) * table.shape[2]),
    )
    if out is not None:
        save_sheet(sheet, Path(out))
    return sheet


def blend(
    one: ModelLike,
    other: ModelLike,
    out: str | os.PathLike[str],
    *,
    share: float = 0.5,
    at: int | str | None = None,
    other_at: int | str | None = None,
) -> Path:
    """A model between two of the same networks, as a model folder with a preview of both ends; returns its path.

    Best where one run was trained on from the other's model, or both are moments of one run.

    Args:
        share: 0 is the first, 1 the second. at, other_at: moments of the runs.
    Raises:
        SettingError: their networks differ, or the folder cannot be written or holds something else.
    """
    from ganvas.workflows.blend import write_blend

    return write_blend(load(one, at=at), load(other, at=other_at), Path(out), share)


def neighbours(
    model: ModelLike,
    stops: Sequence[Stop],
    against: "PicturesLike",
    out: str | os.PathLike[str] | None = None,
    *,
    at: int | str | None = None,
) -> "list[Neighbours]":
    """The training pictures that are nearest to generated ones, and what the copy test says of each.

    Args:
        stops: seeds, or links as a published page gives them.
        against: the training pictures, as `look`'s source.
        out: a file for a sheet: each generated picture, and its nearest ones beside it.
    Returns:
        `.pictures` (K, H, W, C) uint8, `.ratio`, `.is_copy`, one for each stop.
    Raises:
        SettingError, PicturesError: the pictures cannot be used, or the model does not have what is asked.
    """
    from ganvas.data.handed import as_source
    from ganvas.formats.point import point_of
    from ganvas.formats.sheets import check_ending, save_sheet
    from ganvas.workflows.neighbours import neighbours_of

    if out is not None:
        check_ending(Path(out))
    points = [point_of(str(stop)) for stop in stops]
    found, sheet = neighbours_of(load(model, at=at), points, as_source(against))
    if out is not None:
        save_sheet(sheet, Path(out))
    return found


def directions(
    model: ModelLike,
    out: str | os.PathLike[str] | None = None,
    *,
    liked: str | os.PathLike[str] | None = None,
    others: str | os.PathLike[str] | None = None,
    name: str = "",
    seed: int = 0,
    at: int | str | None = None,
) -> "DirectionsResult":
    """The main directions of variation, and one of your own from examples; kept in directions.json beside the model.

    Names can be changed in that file. They last, and `export` takes them over.

    Args:
        out: a file for the sheet of strips along each; None: none is drawn.
        liked, others: folders of pictures that this model drew, sorted by you; the direction that parts them is added.
        name: of that direction.
        seed: whose picture the strips begin with.
    Returns:
        `.directions`, `.path` of directions.json, `.parted` with how well the examples are parted, or None.
    Raises:
        SettingError: a picture does not say what it was drawn from, or there are too few.
    """
    from ganvas.workflows.directions import find_directions
    from ganvas.workflows.generate import checked_seeds

    checked_seeds([seed])
    folders = tuple(None if folder is None else Path(folder) for folder in (liked, others))
    generator = load(model, at=at)
    return find_directions(generator.path, generator.model, parse_path(out), folders, name=name, seed=seed)


def _called(stop: Stop) -> str:
    """What a stop is called on a sheet."""
    words = str(stop).strip()
    return f"seed {words}" if words.isdecimal() else words.rpartition("#")[2]


def _sides(
    rows: Sequence[Stop] | None, columns: Sequence[Stop] | None, seeds: Sequence[Stop] | None
) -> tuple[Sequence[Stop], Sequence[Stop]]:
    """The rows and the columns of a table of mixtures; what is given of neither is that of both."""
    if rows is not None and columns is not None and seeds is not None:
        raise SettingError("--seeds beside --rows and --columns: expected it alone, or instead of one of them")
    given = [each for each in (seeds, rows, columns) if each is not None]
    if not given:
        raise SettingError(
            "which pictures? --seeds 3,7 mixes every one with every one, --rows 1,2 --columns 4,5 these with those"
        )
    return rows if rows is not None else given[0], columns if columns is not None else given[0]


def _links(stops: Iterable[str], truncation: float | None, label: str | None) -> list[str]:
    """Stops as links; what is given holds for those that say nothing of it.

    Raises:
        SettingError: a stop is none, what is given cannot be, or every one of them has its own.
    """
    from ganvas.formats.point import point_of

    points = [point_of(stop) for stop in stops]
    for name, value in (("truncation", truncation), ("label", label)):
        if value is not None and points and all(getattr(point, name) is not None for point in points):
            raise SettingError(f"--{name} {shortened(value)}: every picture that is given has its own; leave it out")
    return [point.completed(truncation=truncation, label=label).to_link() for point in points]
