"""An exported model that draws in onnxruntime. Imports neither torch nor a web framework."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnxruntime

from ganvas.errors import ModelError, SettingError
from ganvas.formats.graph import check_graph
from ganvas.formats.latents import latents, seed_labels
from ganvas.formats.manifest import Publication, exported_folder, model_folder, read_description, read_onnx

# Pictures drawn together, where they stay below these pixels, and these numbers in memory: half a gigabyte.
MOST_AT_ONCE, PIXELS_AT_ONCE, NUMBERS_AT_ONCE = 32, 1 << 19, 1 << 27
_MOST_LETTERS = 200  # of what onnxruntime says


class Engine:
    """One model, which has drawn its first pictures by the time it is there.

    Args:
        path: an exported model folder.
        threads: that one drawing may use; None: all cores.
    Raises:
        ModelError: the folder holds no exported model, or one that is damaged or cannot draw.
    """

    def __init__(self, path: Path, *, threads: int | None = None):
        folder = model_folder(exported_folder(path))
        self.description = read_description(folder)
        if self.description.published is None:
            raise ModelError(f"{path}: was not exported; `ganvas export {path}` writes its model.onnx")
        stored = read_onnx(folder, self.description)
        held = check_graph(stored, self.description)
        self.publication: Publication = self.description.published
        self.identity = sha256(self.description.to_json().encode()).hexdigest()  # changes with all that can be drawn
        described = self.description
        pixels = described.height * described.width
        self.at_once = max(1, min(MOST_AT_ONCE, PIXELS_AT_ONCE // pixels, NUMBERS_AT_ONCE // max(1, held)))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        # A thread that waits for work leaves its core to whoever makes files and answers.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._vectors = np.array([each.vector for each in self.publication.directions], np.float64)
        ends = np.array([0, len(described.classes) - 1])  # of its labels
        try:
            self._session = onnxruntime.InferenceSession(stored, options, providers=["CPUExecutionProvider"])
            drawn = self.draw(self.latents([0, 1]), ends if described.classes else None)
        except Exception as error:  # of onnxruntime, which has a kind for each fault and words of several lines
            said = " ".join(str(error).split())[:_MOST_LETTERS]
            raise ModelError(f"{folder}: onnxruntime cannot draw with model.onnx: {said}") from error
        if (drawn.dtype, drawn.shape) != (np.uint8, (2, described.height, described.width, described.channels)):
            raise ModelError(f"{folder}: model.onnx draws {drawn.dtype} {drawn.shape}, not what model.json says")

    def latents(
        self, seeds: Sequence[int], truncation: float | None = None, steps: Mapping[int, float] | None = None
    ) -> np.ndarray:
        """(N, Z) float32 latents of seeds, times the truncation, then moved along the directions.

        Args:
            truncation: None: the model's own.
            steps: number of a direction, from 1 -> how far, where a latent is 1 unit wide.
        Raises:
            SettingError: there is no such direction. ValueError: as `ganvas.formats.latents.latents`.
        """
        z = latents(seeds, self.description.z_dim, self.description.z_distribution) * self.truncation(truncation)
        return self.moved(z, steps or {})

    def truncation(self, given: float | None) -> np.float32:
        """What latents are multiplied by: what was given, else the model's own."""
        return np.float32(self.publication.truncation if given is None else given)

    def moved(self, z: np.ndarray, steps: Mapping[int, float]) -> np.ndarray:
        """(N, Z) latents moved along directions; raises as `latents`."""
        for number in steps:
            if not 1 <= number <= len(self._vectors):
                raise SettingError(f"there is no direction {number}; this model has {len(self._vectors)}, from 1 on")
        if not steps:
            return z
        push = sum(amount * self._vectors[number - 1] for number, amount in steps.items())
        return (z + push).astype(np.float32)

    def labels(self, seeds: Sequence[int], label: str | None = None) -> np.ndarray | None:
        """(N,) int64, or None for a model without classes; raises SettingError for a label it does not know."""
        return seed_labels(self.description.classes, seeds, label)

    def draw(self, z: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """(N, Z) float32 latents, and (N,) int64 labels where it has classes -> (N, H, W, C) uint8.

        As many at once as memory should hold, whatever N is.
        """
        feeds = {"z": z} if labels is None else {"z": z, "label": labels}
        parts = [slice(at, at + self.at_once) for at in range(0, len(z), self.at_once)]
        drawn = [self._session.run(["image"], {name: each[part] for name, each in feeds.items()})[0] for part in parts]
        return np.concatenate(drawn)  # type: ignore[arg-type]
