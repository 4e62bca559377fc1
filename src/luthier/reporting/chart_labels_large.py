"""The classification report of many labels as a long picture: a line per label, three panels."""

from __future__ import annotations

from collections.abc import Sequence

from luthier.records import Figure as Score
from luthier.records import LabelFigures
from luthier.reporting.canvas import DPI, MUTED
from luthier.reporting.sheet import Sheet, width_in_points

SIZE = 7.0
"""Of the type, in printer's points."""
LINE, BAR, DOT = 27, 6, 5
"""Points: from line to line, thickness of a bar, half of a dot's width."""
SIDE, GAP, HEAD, FOOT = 2.2, 0.25, 1.25, 0.35
"""Inches: width of a panel, between panels, above the lines, below them."""
TICKS = ((0.0, "0"), (0.25, ".25"), (0.5, ".5"), (0.75, ".75"), (1.0, "1"))


def large_labels_chart(
    ranked: Sequence[tuple[str, LabelFigures]],
    names: Sequence[str],
    panels: Sequence[tuple[str, str, str, str]],
    said: tuple[str, str],
    head: str,
) -> bytes:
    """The PNG.

    Args:
        ranked: label and figures, best first.
        names: what each is called in the plot.
        panels: figure, title, colour and shape (`o`, `s`, `D`) of each panel.
        said: title and subtitle.
        head: what stands over the numbers of true rows.
    """
    counted = [f"{figures.support:,}" for _, figures in ranked]
    left = width_in_points(names, SIZE) + width_in_points([*counted, head], SIZE) + DPI // 3
    side, gap, top = round(SIDE * DPI), round(GAP * DPI), round(HEAD * DPI)
    high = len(ranked) * LINE
    width = left + len(panels) * (side + gap)
    sheet = Sheet(width, top + high + round(FOOT * DPI))
    sheet.caption(*said)
    sheet.write(head, left - DPI // 14, top - LINE, SIZE, ink=MUTED, anchor=(1.0, 0.5))
    edge = left - width_in_points([*counted, head], SIZE) - DPI // 6
    for line, (name, count) in enumerate(zip(names, counted, strict=True)):
        middle = top + line * LINE + LINE // 2
        sheet.write(name, edge, middle, SIZE, anchor=(1.0, 0.5))
        sheet.write(count, left - DPI // 14, middle, SIZE, ink=MUTED, anchor=(1.0, 0.5))
    for place, (figure, title, colour, shape) in enumerate(panels):
        x = left + place * (side + gap)
        scores = [getattr(figures, figure) for _, figures in ranked]
        _draw_panel(sheet, (x, top), side, scores, (title, colour, shape))
    return sheet.to_png()


def _draw_panel(
    sheet: Sheet,
    corner: tuple[int, int],
    side: int,
    scores: Sequence[Score],
    look: tuple[str, str, str],
) -> None:
    (x, top), (title, colour, shape) = corner, look
    bottom = top + len(scores) * LINE
    sheet.write(title, x, top - LINE * 2, 10, anchor=(0.0, 0.5))
    for value, name in TICKS:
        at = x + round(value * side)
        sheet.rule(at, top, at + 1, bottom)
        for y in (top - LINE // 2, bottom + LINE // 2):
            sheet.write(name, at, y, SIZE, ink=MUTED, anchor=(0.5, 0.5))
    for line in range(5, len(scores), 5):
        sheet.rule(x, top + line * LINE, x + side, top + line * LINE + 1)
    for line, score in enumerate(scores):
        middle = top + line * LINE + LINE // 2
        ends = (x + round(score.low * side), x + max(1, round(score.high * side)))
        sheet.bar(ends[0], middle - BAR // 2, ends[1], middle + BAR // 2, colour)
        sheet.dot(x + round(score.value * side), middle, DOT, colour, shape)
