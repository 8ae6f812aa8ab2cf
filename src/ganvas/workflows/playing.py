"""The public functions that play a trained generator. As in `public`, numbers may be given as people type them."""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganvas.errors import SettingError
from ganvas.settings import shortened
from ganvas.workflows.parse import parse_duration, parse_size
from ganvas.workflows.public import ModelLike, Size, load

if TYPE_CHECKING:
    from ganvas.formats.preset import Keyframe

LOOPS = "tour", "noise"
STOPS, LEG_SECONDS, LOOP_SECONDS = 6, 2.0, 10.0
Stop = int | str


def walk(
    model: ModelLike,
    out: str | os.PathLike[str],
    *,
    stops: Sequence[Stop] | None = None,
    preset: str | os.PathLike[str] | None = None,
    loop: str = "tour",
    radius: float = 1.0,
    seconds: str | float | None = None,
    fps: int = 30,
    grid: Size = 1,
    scale: int | None = None,
    truncation: float | None = None,
    label: str | None = None,
    seed: int = 0,
    at: int | str | None = None,
    progress: bool = True,
) -> Path:
    """A film through latent space that ends where it begins; returns its path. Memory does not grow with its length.

    Args:
        model: as `load` takes it. at: the moment of the run, images shown, or "last".
        out: a film by its ending: .mp4, .webm, .gif or .webp; without one, a folder of PNGs.
        stops: seeds, or links as a published page gives them; None: six seeds from `seed` on.
        preset: a file that a page saved, instead of stops.
        loop: "tour" goes from stop to stop along great circles; "noise" stays around a stop, on a closed random curve.
        radius: of the curve: at 0 nothing moves, at 1 half a loop later it is another picture.
        seconds: of the whole film; None: two for every stop, ten for a curve, or the preset's.
        grid: pictures side by side, as "3x3" (columns x rows), each a stop further.
        scale: what a pixel is enlarged by; None: as far as 512 px.
        truncation: below 1, nearer to the mean picture and less varied; None: the model's own.
        label: a class, for stops that name none.
        seed: of the first stop, and of the curve.
        progress: show on stderr how far it is.
    Raises:
        GanvasError: the model cannot be read, does not have what is asked, or the film cannot be written.
    """
    from ganvas.explore.points import identities_of
    from ganvas.formats.preset import read_preset
    from ganvas.workflows.walk import WalkOptions, walk_film

    generator = load(model, at=at)
    if loop not in LOOPS:
        raise SettingError(f"loop {shortened(loop)}: expected {' or '.join(LOOPS)}")
    columns, rows = parse_size(grid)
    is_noise = loop == "noise"
    if preset is not None:
        keyframes = read_preset(Path(preset), identities_of(generator.path)).keyframes
    else:
        usual = columns * rows if is_noise else max(STOPS, columns * rows)
        keyframes = _keyframes(range(seed, seed + usual) if stops is None else stops, truncation, label)
    options = WalkOptions(
        Path(out),
        keyframes,
        is_noise=is_noise,
        radius=radius,
        seconds=parse_duration(seconds) if seconds is not None else LOOP_SECONDS if is_noise else None,
        fps=fps,
        columns=columns,
        rows=rows,
        scale=scale,
        seed=seed,
    )
    with _told("drawing the film", progress) as told:
        return walk_film(generator.model, options, told)


def _keyframes(stops: Sequence[Stop], truncation: float | None, label: str | None) -> "tuple[Keyframe, ...]":
    """Stops as keyframes that go evenly; what is given holds for those that say nothing of it."""
    from ganvas.formats.point import point_of
    from ganvas.formats.preset import Keyframe

    found: list[Keyframe] = []
    for stop in stops:
        point = point_of(str(stop))
        given = {"truncation": truncation, "label": label}
        missing = {name: value for name, value in given.items() if getattr(point, name) is None}
        found.append(Keyframe(point=point.model_copy(update=missing).to_link(), seconds=LEG_SECONDS, ease="linear"))
    return tuple(found)


@contextmanager
def _told(doing: str, shown: bool) -> Generator[Callable[[int, int], None]]:
    """What is called with how much is done, and of how much; a bar on stderr where a person sees it."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
