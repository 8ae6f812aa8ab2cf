"""What a run leaves behind as it goes: log lines, drawings, saved states, the film and the report."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from ganvas.config import RunConfig
from ganvas.data import PictureSet, contact_indices
from ganvas.errors import DivergedError, SettingError
from ganvas.files import replace_bytes, replace_text, replacing
from ganvas.formats.images import REDUCED_PX, reduced, save_grid
from ganvas.formats.log_events import Diverged, Event, LeftOut
from ganvas.formats.manifest import CARD_FILE, TRAINING_FILE, Description, Provenance, read_description
from ganvas.formats.sheets import with_words
from ganvas.metrics import Measure
from ganvas.model import draw_all, drawn_at_once, labels_for, latents_for, main_directions, strips
from ganvas.model.card import model_card
from ganvas.model.weights import load_model, save_model
from ganvas.pixels import to_float
from ganvas.report import draw_curves, write_film, write_report
from ganvas.run.events import Drawn, RunEvent
from ganvas.run.folder import RunFolder, moment_name
from ganvas.training import ARCHITECTURES, Progress, TrainingState, save_checkpoint
from ganvas.training.tally import read

# Of a picture. A model without principal components draws a thousand to find its directions: 1 to 28 s at this size.
LARGEST_EXPLORED_PX = 64 * 64
E = TypeVar("E", bound=Event)


class Recorder:
    """Collects the numbers of steps, and writes the run folder when it is told to.

    Args:
        best: the measure of the model that an earlier sitting shipped, which is not to be replaced by a later one.
        save: as save_checkpoint.
    """

    def __init__(
        self,
        folder: RunFolder,
        config: RunConfig,
        description: Description,
        pictures: PictureSet,
        state: TrainingState,
        *,
        best: Measure | None = None,
        save: Callable[[TrainingState, Path], None] = save_checkpoint,
    ) -> None:
        self.folder, self.config, self.description, self.state = folder, config, description, state
        self.has_saved = False
        self.best = best
        self.save_state = save
        self._collected: list[Progress] = []
        self._last_images, self._last_seconds = state.images, state.seconds
        columns, rows = (
            min(max(config.recording.drawn_px // side, 3), 8) for side in (description.width, description.height)
        )
        seeds = range(columns * rows)
        self._columns = columns
        self._z = latents_for(description, seeds).to(state.device)
        labels = labels_for(description, seeds)
        self._labels = None if labels is None else labels.to(state.device)
        chosen = contact_indices(pictures, columns * rows)
        self._originals = np.asarray(pictures.images[chosen])
        self._original_labels = torch.as_tensor(pictures.labels[chosen]) if description.classes else None
        if state.images == 0:
            save_grid(folder.samples / "originals.png", reduced(self._originals), columns=columns)

    @property
    def seconds_collected(self) -> float:
        """Seconds of training since the last line of the log."""
        return self._collected[-1].seconds - self._last_seconds if self._collected else 0.0

    def collect(self, progress: Progress) -> None:
        """Take in one step."""
        self._collected.append(progress)

    def flush(self, measures: dict[str, float] | None = None) -> dict[str, float]:
        """Write the means of the collected steps as one line of the log, and return them.

        Args:
            measures: what was measured at this moment; it stands in the same line.
        Raises:
            DivergedError: one of them is not finite.
        """
        last = self._collected[-1]
        reports = read([progress.report for progress in self._collected])
        names = {name for report in reports for name in report}
        numbers = {
            name: float(np.mean([report[name] for report in reports if name in report])) for name in sorted(names)
        }
        wrong = [name for name, value in numbers.items() if not np.isfinite(value)]
        if wrong:
            self._diverged(last, wrong[0])
        seconds = max(last.seconds - self._last_seconds, 1e-9)
        numbers["images_per_second"] = (last.images - self._last_images) / seconds
        rounded = {name: float(f"{value:.6g}") for name, value in (numbers | (measures or {})).items()}
        self.folder.log_numbers({"images": last.images, "seconds": round(last.seconds, 3), **rounded})
        self._last_images, self._last_seconds = last.images, last.seconds
        self._collected = []
        return numbers

    def event(self, kind: type[E], /, **fields: Any) -> E:
        """Write an event of this moment into the log, and return it."""
        event = kind(images=self.state.images, seconds=self.state.seconds, **fields)
        self.folder.log_event(event)
        return event

    def draw(self) -> Drawn:
        """Draw the same latents with the generator of this moment, keep its weights, and say so.

        Raises:
            DivergedError: a weight is not finite.
        """
        self.check_weights()
        state, generator = self.state, self.state.shown
        pictures = self._drawn(self._z, self._labels, generator)
        path = self.folder.samples / f"{moment_name(state.images)}.png"
        save_grid(path, pictures, columns=self._columns)
        if state.encoder is not None:
            self._draw_rebuilt()
        self.folder.keep_moment(generator, state.images, self.config.keep_bytes)
        return Drawn(state.images, state.seconds, path)

    def save(self) -> None:
        """Save the whole state, and ship the model unless a measured one was shipped: that one is the best.

        The model comes first: a run that ends between the two goes on from the state before, and ships it again.

        Raises:
            DivergedError: a weight is not finite; what was saved before stays.
        """
        self.check_weights()
        if self.best is None:
            self._ship()
        self.save_state(self.state, self.folder.checkpoint)
        self.has_saved = True

    def ship_best(self, measure: Measure) -> None:
        """Ship the model of this moment, which is the best so far."""
        self.best = measure
        self._ship()

    def check_weights(self) -> None:
        """Raises DivergedError if a weight is not finite: such a state is not drawn, measured, saved or shipped."""
        if not self.state.is_finite():
            self._diverged(Progress(self.state.images, self.state.seconds, {}), "a weight")

    def _ship(self) -> None:
        shipped = self.description.model_copy(update={"images": self.state.images})
        (self.folder.model / TRAINING_FILE).unlink(missing_ok=True)  # of an earlier end of this run
        save_model(self.folder.model, shipped, self.state.shown, self.state.encoder)

    def _describe(self) -> None:
        """Say beside the shipped model how the run came to it."""
        provenance = Provenance(
            date=time.strftime("%Y-%m-%d"),
            images=self.state.images,
            seconds=round(self.state.seconds, 1),
            device=self.state.device.type,
        )
        replace_text(self.folder.model / TRAINING_FILE, provenance.model_dump_json(indent=1) + "\n")
        replace_text(self.folder.model / CARD_FILE, model_card(read_description(self.folder.model)))

    def report_progress(self, refresh_seconds: int) -> None:
        """Write the page as it is so far; it draws its own curves from the log, and loads itself again."""
        if self.config.recording.report:
            write_report(self.folder.root, refresh=refresh_seconds)

    def report(self) -> None:
        """Draw the curves and write the page."""
        if self.config.recording.report:
            draw_curves(self.folder.read_log().numbers, self.folder.curves_path)
            write_report(self.folder.root)

    def finish(self) -> Iterator[RunEvent]:
        """Write everything that is left when training stops, saying what was left out and why."""
        samples = self.folder.drawn()
        preview = self.folder.model / "preview.png"
        if samples:
            replace_bytes(preview, samples[-1].read_bytes())
        if self.best is not None and self.best.images != self.state.images:
            generator = load_model(self.folder.model).generator.to(self.state.device)
            save_grid(preview, self._drawn(self._z, self._labels, generator), columns=self._columns)
        self._describe()
        self._draw_directions()
        for name in ("film.gif", "film.mp4") if self.config.recording.report else ():
            try:
                write_film(samples, self.folder.root / name)
            except SettingError as error:
                yield self.event(LeftOut, file=name, reason=str(error))
        self.report()

    def _draw_directions(self) -> None:
        """Strips along the main directions of the shipped model, where they are soon found."""
        described = self.description
        has_components = ARCHITECTURES[described.architecture].starts_at_pca
        if not self.config.recording.report:
            return
        if has_components or described.width * described.height <= LARGEST_EXPLORED_PX:
            model = load_model(self.folder.model)
            with replacing(self.folder.directions_path) as unfinished:
                with_words(strips(model, main_directions(model))).save(unfinished)

    def _drawn(self, z: torch.Tensor, labels: torch.Tensor | None, generator: torch.nn.Module) -> np.ndarray:
        at_once = drawn_at_once(self.description)
        return draw_all(generator, z, labels, at_once=at_once, longest_px=REDUCED_PX)

    def _draw_rebuilt(self) -> None:
        """Draw the originals after encoding and decoding, beside the originals themselves."""
        encoder = self.state.encoder
        assert encoder is not None
        encoder.eval()
        with torch.no_grad():
            mean, _ = encoder(to_float(torch.as_tensor(self._originals), self.state.device))
        encoder.train()
        labels = None if self._original_labels is None else self._original_labels.to(self.state.device)
        path = self.folder.rebuilt / f"{moment_name(self.state.images)}.png"
        save_grid(path, self._drawn(mean, labels, self.state.shown), columns=self._columns)
        originals = self.folder.rebuilt / "originals.png"
        if not originals.exists():
            save_grid(originals, reduced(self._originals), columns=self._columns)

    def _diverged(self, at: Progress, what: str) -> None:
        event = Diverged(images=at.images, seconds=at.seconds, what=what, has_saved=self.has_saved)
        self.folder.log_event(event)
        self.report()
        raise DivergedError(event.text)
