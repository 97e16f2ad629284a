"""A figure of lines over two logarithmic axes, as an SVG of text that reads in light and in dark."""

import html
import math
from collections.abc import Mapping, Sequence

from benchmarks.harness.table import PAGE

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 20, 50
COLOURS = ("#1666AA", "#C66941", "#14764A", "#7A3E9D", "#A26500", "#71747C")
MARKS = ("circle", "square", "triangle", "diamond")

Line = Sequence[tuple[float, float]]


def loglog(name: str, x_title: str, y_title: str, lines: Mapping[str, Line]) -> str:
    """Writes docs/benchmarks-NAME.svg and returns the file's name, for a link from docs/benchmarks.md.

    lines : what each is called -> its points (x, y), all above 0
    """
    points = [point for line in lines.values() for point in line]
    x_scale, y_scale = (Axis([point[axis] for point in points]) for axis in (0, 1))
    body = [axes(x_scale, y_scale, x_title, y_title)]
    for number, (title, line) in enumerate(lines.items()):
        places = [
            (
                LEFT + x_scale.share(x) * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - y_scale.share(y) * (HEIGHT - TOP - BOTTOM),
            )
            for x, y in line
        ]
        body.append(drawn(title, places, number))
    style = "text{font:13px sans-serif;fill:#60636A}.grid{stroke:#8884;fill:none}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><style>{style}</style>'
    file = f"benchmarks-{name}.svg"
    (PAGE.parent / file).write_text(head + "".join(body) + "</svg>\n")
    return file


class Axis:
    """From the power of ten below the least value to the one above the largest."""

    def __init__(self, values: Sequence[float]) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))

    def share(self, value: float) -> float:
        """0 at the least end, 1 at the other."""
        return (math.log10(value) - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def axes(x_scale: Axis, y_scale: Axis, x_title: str, y_title: str) -> str:
    parts = []
    for value in x_scale.ticks:
        x = LEFT + x_scale.share(value) * (WIDTH - LEFT - RIGHT)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,g}</text>')
    for value in y_scale.ticks:
        y = HEIGHT - BOTTOM - y_scale.share(value) * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x_title)}</text>')
    turned = f'transform="rotate(-90 16 {HEIGHT / 2})"'
    parts.append(f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" {turned}>{html.escape(y_title)}</text>')
    return "".join(parts)


def drawn(title: str, places: Sequence[tuple[float, float]], number: int) -> str:
    """One line with a mark of its own at each point, and its title beside its last one, a row per line."""
    colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    marks = "".join(marked(mark, x, y) for x, y in places)
    label_y = TOP + 14 + 20 * number
    label = f'<text x="{WIDTH - RIGHT + 28}" y="{label_y + 4}">{html.escape(title)}</text>'
    key = marked(mark, WIDTH - RIGHT + 16, label_y)
    return (
        f'<g stroke="{colour}" fill="{colour}"><path d="{path}" fill="none" stroke-width="2"/>{marks}{key}</g>{label}'
    )


def marked(mark: str, x: float, y: float) -> str:
    """A mark of about nine pixels: told apart without colour."""
    if mark == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    corners = {
        "square": ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        "triangle": ((0, -5), (5, 4), (-5, 4)),
        "diamond": ((0, -6), (5, 0), (0, 6), (-5, 0)),
    }[mark]
    return '<path d="M' + "L".join(f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in corners) + 'Z"/>'
