"""The verdict's advice as a button."""

from collections.abc import Mapping

from ganvas.formats.log_events import VerdictKind
from ganvas.studio.runs.states import ACTIVE, RunState

MORE_OF_IMPROVING = 2.0  # times the seconds so far: while KD still falls, half as much again is hardly seen


def offer_for(
    kind: VerdictKind | None, state: RunState, *, name: str, best_images: int | None, seconds: float, made: bool
) -> dict[str, object] | None:
    """{action, label_key, values} for a run; None where there is nothing to advise.

    label_key: in the page's words, offer.ACTION.WHY.
    """
    at = {"run": name, "images": best_images}
    more = {"seconds": round(MORE_OF_IMPROVING * seconds)}
    is_active, is_over = state in ACTIVE, state in ("paused", "finished")
    if kind in ("collapse", "divergence") and best_images is not None:
        return _offer("fork", kind, at) if not is_active else _offer("stop", kind, {})
    if kind == "copying":
        return _offer("stop", kind, {}) if is_active else _offer("look", kind, {})
    if kind == "plateau":
        return _offer("stop", kind, {}) if is_active else (None if made else _offer("publish", kind, at))
    if kind in ("too early", "improving") and is_over:
        return _offer("extend", "early" if kind == "too early" else kind, more)
    if kind is None and state == "finished":
        return _offer("extend", "short", more)
    return None


def _offer(action: str, why: str, values: Mapping[str, object]) -> dict[str, object]:
    return {"action": action, "label_key": f"offer.{action}.{why}", "values": dict(values)}
