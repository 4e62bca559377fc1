"""A large picture of flat colours and small texts, drawn point by point: for hundreds of labels.

matplotlib lays out and blends each of a thousand texts, and writes 4 bytes for each of 40 million
points. Here a point is one byte, its place in a palette, and a text is copied in as it is.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from matplotlib.colors import Colormap, to_rgb
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from luthier.reporting.canvas import (
    BLUE,
    DPI,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    RULE,
    wrapped,
)
from luthier.reporting.fonts import chinese_font, has_chinese

Points = NDArray[np.uint8]

SHADES, LEVELS, BLENDS = 128, 32, 8
"""Places of the palette: shades of the colour map; levels of ink and of grey ink; a rule; and for
each of `COLOURS` its bar and the levels of its dots."""
_INK_FROM, _MUTED_FROM, _RULE = SHADES, SHADES + LEVELS, SHADES + 2 * LEVELS
_INKS = {INK: _INK_FROM, MUTED: _MUTED_FROM}
COLOURS = (BLUE, ORANGE, GREEN)
_BARS = {colour: _RULE + 1 + place * (BLENDS + 1) for place, colour in enumerate(COLOURS)}
BAR_INK = 0.35
"""How much of its colour a bar has."""


class Sheet:
    """A white sheet; places are in points from the upper left corner.

    Args:
        width: points across.
        height: points down.
        shades: from paper (0) to the darkest, for `paint`.
    """

    def __init__(self, width: int, height: int, shades: Colormap | None = None) -> None:
        self.points: Points = np.zeros((height, width), dtype=np.uint8)
        self._shades = shades

    def paint(self, left: int, top: int, values: NDArray[np.float64], side: int) -> None:
        """Squares of this side: values from 0 (paper) to 1, [rows, columns], a rule around each."""
        shade = np.round(values * (SHADES - 1)).astype(np.uint8)
        block = np.kron(shade, np.ones((side, side), dtype=np.uint8))
        high, wide = block.shape
        self.points[top : top + high, left : left + wide] = block
        self.points[top : top + high + 1 : side, left : left + wide + 1] = _RULE
        self.points[top : top + high + 1, left : left + wide + 1 : side] = _RULE

    def write(
        self, text: str, x: int, y: int, size: float, *, ink: str = INK, upright: bool = False,
        anchor: tuple[float, float] = (0.0, 0.5),
    ) -> None:  # fmt: skip
        """A text on paper.

        Args:
            text: on one line, of characters that the fonts have.
            x: where it stands.
            y: where it stands.
            size: of the type, in printer's points.
            ink: INK or MUTED.
            upright: from below upwards instead of from left to right.
            anchor: parts of its width left of `x` and of its height above `y`, 0 to 1.
        """
        mask = _mask(text, round(size * DPI / 72))
        if upright:
            mask = np.rot90(mask)
        high, wide = mask.shape
        left, top = round(x - anchor[0] * wide), round(y - anchor[1] * high)
        cut = mask[max(0, -top) :, max(0, -left) :]
        left, top = max(0, left), max(0, top)
        place = self.points[top : top + cut.shape[0], left : left + cut.shape[1]]
        cut = cut[: place.shape[0], : place.shape[1]]
        level = cut.astype(np.uint16) * (LEVELS - 1) // 255
        place[level > 0] = (_INKS[ink] + level[level > 0]).astype(np.uint8)

    def rule(self, left: int, top: int, right: int, bottom: int) -> None:
        """A thin line, from one corner to the other."""
        self.points[top:bottom, left:right] = _RULE

    def bar(self, left: int, top: int, right: int, bottom: int, colour: str) -> None:
        """A light bar in one of `COLOURS`."""
        self.points[top:bottom, left:right] = _BARS[colour]

    def dot(self, x: int, y: int, half: int, colour: str, shape: str) -> None:
        """A dot with a white edge.

        Args:
            x: its middle.
            y: its middle.
            half: half of its width, without the edge.
            colour: one of `COLOURS`.
            shape: `o` a circle, `s` a square, `D` a square on its corner.
        """
        for mask, base in ((_shape(shape, half + 1), 0), (_shape(shape, half), _BARS[colour])):
            reach = mask.shape[0] // 2
            place = self.points[y - reach : y + reach + 1, x - reach : x + reach + 1]
            if place.shape != mask.shape:  # at the edge of the sheet
                continue
            level = np.round(mask * BLENDS).astype(np.uint8)
            inside = level > (BLENDS // 2 if base == 0 else 0)
            place[inside] = base + level[inside] if base else 0

    def caption(self, title: str, subtitle: str) -> None:
        """A title and, smaller under it, what it rests on, as on every other plot."""
        inch = DPI
        self.write(title, inch // 10, inch // 10, 11.5, anchor=(0.0, 0.0))
        most = max(40, int(self.points.shape[1] / inch * 16))
        for number, line in enumerate(wrapped(subtitle, most)):
            top = round((0.36 + 0.19 * number) * inch)
            self.write(line, inch // 10, top, 9, ink=MUTED, anchor=(0.0, 0.0))

    def to_png(self) -> bytes:
        """The bytes of a PNG file with a palette."""
        picture = Image.fromarray(self.points)
        picture.putpalette(self._palette())
        stream = io.BytesIO()
        picture.save(stream, "PNG", dpi=(DPI, DPI))
        return stream.getvalue()

    def _palette(self) -> list[int]:
        shades = self._shades or (lambda _: to_rgb(PAPER))
        colours: list[tuple[float, ...]] = [shades(i / (SHADES - 1))[:3] for i in range(SHADES)]
        for ink in (INK, MUTED):
            colours += _between(ink, np.linspace(0, 1, LEVELS))
        colours.append(to_rgb(RULE))
        for colour in COLOURS:
            colours += _between(colour, np.array([BAR_INK, *np.arange(1, BLENDS + 1) / BLENDS]))
        return [round(255 * part) for colour in colours for part in colour]


def width_in_points(texts: Sequence[str], size: float) -> int:
    """The width of the widest text."""
    pixels = round(size * DPI / 72)
    return max((_mask(text, pixels).shape[1] for text in texts), default=0)


def _between(ink: str, parts: NDArray[np.float64]) -> list[tuple[float, ...]]:
    """Colours from paper (0) to the ink (1)."""
    paper, dark = np.array(to_rgb(PAPER)), np.array(to_rgb(ink))
    return [tuple(line) for line in paper + parts[:, None] * (dark - paper)]


@cache
def _shape(shape: str, half: int) -> NDArray[np.float64]:
    """How much of each point lies inside, 0 to 1, [2 half + 3, 2 half + 3]."""
    fine = 8
    along = (np.arange((2 * half + 3) * fine) + 0.5) / fine - half - 1.5
    x, y = np.abs(along)[None, :], np.abs(along)[:, None]
    inside = {
        "o": x**2 + y**2 <= half**2,
        "s": np.maximum(x, y) <= half * 0.9,
        "D": x + y <= half * 1.2,
    }[shape]
    size = 2 * half + 3
    shares: NDArray[np.float64] = inside.reshape(size, fine, size, fine).mean(axis=(1, 3))
    return shares


@cache
def _mask(text: str, size: int) -> Points:
    """How much ink lies on each point of a text, 0 to 255, [height, width]."""
    runs = [("".join(run), _font(size, chinese)) for chinese, run in groupby(text, key=has_chinese)]
    starts = np.cumsum([0.0, *(font.getlength(part) for part, font in runs)])
    picture = Image.new("L", (int(np.ceil(starts[-1])) + 2, round(size * 1.35)))
    pen = ImageDraw.Draw(picture)
    for start, (part, font) in zip(starts, runs, strict=False):
        pen.text((float(start), size * 1.08), part, fill=255, font=font, anchor="ls")
    return np.asarray(picture)


@cache
def _font(size: int, chinese: bool) -> ImageFont.FreeTypeFont:
    path = chinese_font() if chinese else None
    latin = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(path or latin), size)
