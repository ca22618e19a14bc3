"""Draws the table that `compare.py --scaling` writes as two plots side by side, in one SVG.

    python3 docs/benchmarks/plot.py docs/benchmarks/scaling.csv docs/pictures/scaling.svg
"""

import csv
import math
import sys

WIDTH, HEIGHT, LEFT, TOP = 400, 300, 60, 40
COLOURS = {"pytorch_ms": "#c2571a", "headlight_ms": "#1a6fb0"}
NAMES = {"pytorch_ms": "PyTorch", "headlight_ms": "Headlight"}


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten within a range."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high]


def plot(rows, x_name: str, title: str, left: float, log_x: bool) -> list[str]:
    xs = [float(row[x_name]) for row in rows]
    ys = [float(row[name]) for row in rows for name in COLOURS]
    low, high = min(ys) * 0.8, max(ys) * 1.2
    scale_x = math.log if log_x else float
    first, last = scale_x(min(xs)), scale_x(max(xs))
    at_x = lambda x: left + LEFT + (scale_x(x) - first) / (last - first) * (WIDTH - LEFT - 20)
    at_y = lambda y: TOP + (math.log(high) - math.log(y)) / (math.log(high) - math.log(low)) * (HEIGHT - TOP - 50)
    bottom = HEIGHT - 50
    out = [f'<text x="{left + LEFT}" y="22" font-weight="bold">{title}</text>']
    for y in ticks(low, high):
        out.append(f'<path d="M{left + LEFT} {at_y(y):.1f}H{left + WIDTH - 20}" stroke="#ddd"/>')
        out.append(f'<text x="{left + LEFT - 6}" y="{at_y(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in sorted(set(xs)):
        out.append(f'<text x="{at_x(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{left + (LEFT + WIDTH) / 2}" y="{bottom + 38}" text-anchor="middle">{x_name}</text>')
    out.append(f'<text x="{left + 14}" y="{TOP + 100}" transform="rotate(-90 {left + 14} {TOP + 100})">ms</text>')
    for name, colour in COLOURS.items():
        points = " ".join(f"{at_x(float(row[x_name])):.1f},{at_y(float(row[name])):.1f}" for row in rows)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for point in points.split():
            x, y = point.split(",")
            out.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
    for i, (name, colour) in enumerate(COLOURS.items()):
        out.append(f'<text x="{left + LEFT + 12}" y="{TOP + 16 + 18 * i}" fill="{colour}">{NAMES[name]}</text>')
    return out


def main() -> None:
    table, picture = sys.argv[1:]
    with open(table) as file:
        rows = list(csv.DictReader(file))
    most = max(int(row["layers"]) for row in rows)
    tokens = [row for row in rows if int(row["layers"]) == most]
    layers = [row for row in rows if row["tokens"] == "64"]
    parts = plot(tokens, "tokens", f"Recorded forward pass, {most} layers", 0, True)
    parts += plot(layers, "layers", "Recorded forward pass, 64 tokens", WIDTH, False)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">'
    with open(picture, "w") as file:
        file.write("\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""]))


if __name__ == "__main__":
    main()
