"""A score card in words: what was found first, then the table, then what it was measured on."""

from collections.abc import Callable

from ganvas.metrics.card import Card, Scores
from ganvas.metrics.distances import Estimate
from ganvas.wording import counted

NOT_MEASURED = "-"
COLUMNS = ("this", "real", "PCA", "noise")
# Beginnings of findings. Distances are small for one good picture over and over, and for copies: they say nothing then.
_WORST_FIRST = ("Collapsed", "Copying", "Not yet as good", "Hardly varied")
_BELOW_ZERO = "the estimate is right on average, so that where there is no difference it falls below 0 half of the time"


def card_lines(card: Card) -> list[str]:
    """The whole card, a line each."""
    findings = [*verdict_lines(card), ""]
    table = [*table_lines(card), *_below_zero(card), ""]
    return [card.protocol.model, "", *findings, *table, *protocol_lines(card), *card.notes]


def verdict_lines(card: Card) -> list[str]:
    """What the numbers mean, in sentences that each name their evidence; the worst leads."""
    found = (_quality(card), _variety(card), _reach(card), _copying(card))
    return sorted((line for line in found if line), key=_rank)


def _rank(finding: str) -> int:
    ranks = (rank for rank, begins in enumerate(_WORST_FIRST) if finding.startswith(begins))
    return next(ranks, len(_WORST_FIRST))


def table_lines(card: Card) -> list[str]:
    """Every measure of the four kinds of pictures, in columns."""
    name = _family(card)
    rows: list[tuple[str, Callable[[Scores], str]]] = [
        (f"KD{name}, 0 best", lambda one: _interval(one.kernel_distance)),
        (f"FD{name}, biased up", lambda one: f"{one.frechet_distance:.0f}"),
        ("precision", lambda one: _share(one.neighbourhoods and one.neighbourhoods.precision)),
        ("recall", lambda one: _share(one.neighbourhoods and one.neighbourhoods.recall)),
        ("density, 1 as real", lambda one: _number(one.neighbourhoods and one.neighbourhoods.density)),
        ("coverage", lambda one: _share(one.neighbourhoods and one.neighbourhoods.coverage)),
        ("spread, 1 as real", lambda one: _number(one.spread)),
        ("same pictures, pairs", lambda one: _share(one.same)),
        ("sliced Wasserstein", lambda one: f"{one.sliced_wasserstein:.1f}"),
    ]
    kinds = (card.model, card.floor, card.pca, card.ceiling)
    cells = [("", *COLUMNS), *((label, *(shown(kind) for kind in kinds)) for label, shown in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]


def protocol_lines(card: Card) -> list[str]:
    """What everything was measured on."""
    on = card.protocol
    held_out = f"held out: {on.held_out}" if on.held_out else "nothing held out"
    return [
        f"real: {on.sample_count:,} of {counted(on.real_count, 'picture')} of {on.against}, {held_out}; "
        f"as many others of them as floor, as many of each other kind; {on.width}x{on.height}, seed {on.seed}",
        f"features: {on.extractor} at {on.extractor_px} px, SHA-256 {on.extractor_sha256[:8]}; resize: {on.resize}",
    ]


def _below_zero(card: Card) -> list[str]:
    """What a negative number in the first row means, where there is one."""
    lowest = min(one.kernel_distance.value for one in (card.model, card.floor, card.pca, card.ceiling))
    return [f"KD{_family(card)} below 0: {_BELOW_ZERO}"] if lowest < 0 else []


def _quality(card: Card) -> str:
    mine, baseline, floor = (one.kernel_distance for one in (card.model, card.pca, card.floor))
    name = f"KD{_family(card)}"
    values = f"{name} {_interval(mine)} against {baseline.value:.3g}"
    if mine.low <= max(floor.high, 0.0):
        below = f"; {_BELOW_ZERO}" if mine.value < 0 else ""
        return f"No difference from real pictures could be measured: {name} {_interval(mine)}{below}."
    if mine.high < baseline.low:
        return f"Better than the PCA baseline, which a second of linear algebra draws: {values}."
    if mine.low > baseline.high:
        return f"Not yet as good as the PCA baseline, which a second of linear algebra draws: {values}. Train longer."
    return f"About as good as the PCA baseline, which a second of linear algebra draws: {values}."


def _variety(card: Card) -> str:
    if card.model.same > max(10 * card.floor.same, 0.01):
        return f"Collapsed: {100 * card.model.same:.0f}% of pairs of its pictures cannot be told apart."
    if card.model.spread is not None and card.model.spread < 0.5:
        return f"Hardly varied: its pictures lie {card.model.spread:.2f} times as far apart as real ones."
    return ""


def _reach(card: Card) -> str:
    if card.modes is None:
        return ""
    found, right = card.modes.coverage, card.modes
    return (
        f"Reaches {found.reached:,} of {counted(found.of, 'class', 'classes')}, divergence from their real shares "
        f"{found.divergence:.3f} nats (by a classifier that is right on {100 * right.accuracy:.0f}% of unseen real "
        "pictures)."
    )


def _copying(card: Card) -> str:
    copies = card.copies
    if copies is None:
        return ""
    shares = (
        f"{100 * copies.share.value:.1f}% [{100 * copies.share.low:.1f}, {100 * copies.share.high:.1f}] lie at one "
        f"training picture, of real pictures {100 * copies.chance.value:.1f}%"
    )
    return f"Copying: {shares}." if copies.is_copying else f"No sign of copying: {shares}."


def _family(card: Card) -> str:
    """KD-lite, KD-dinov2; the original network's are called by the names that papers use."""
    return "" if card.protocol.features == "inception" else f"-{card.protocol.features}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"


def _share(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{100 * value:.1f}%"


def _number(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.2f}"
