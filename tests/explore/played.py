"""What models draw, and what is in films."""

import av
import numpy as np
from PIL import Image, ImageSequence

from ganvas.model import draw_all, latents_for
from ganvas.model.weights import load_model


def drawn(path, seeds):
    model = load_model(path)
    return draw_all(model.generator, latents_for(model.description, seeds), None)


def frames_of(path):
    if path.suffix in (".mp4", ".webm"):
        with av.open(str(path)) as film:
            return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    if path.is_dir():
        return [np.asarray(Image.open(each)) for each in sorted(path.iterdir())]
    with Image.open(path) as film:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
