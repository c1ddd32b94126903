"""Bars, as SVG: readable on light and on dark pages and on a telephone, and the same text for the same values."""

from __future__ import annotations

from html import escape

from benchmarks.figures import Bars

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR = 480, 16, 64, 64, 46, 16
_STYLE = """
text { font: 14px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.value { font-variant-numeric: tabular-nums; }
.ours { fill: #0a7d5a; } .theirs { fill: #a8b1bb; } .spread { stroke: #24292f; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .ours { fill: #2fbf8f; } .theirs { fill: #5b6673; } .spread { stroke: #e6edf3; }
}
"""


def svg(bars: Bars) -> str:
    """Return a picture: for each bar its name, its median as length and number, and its quartiles as a line."""
    height = _TOP + _ROW * len(bars.bars) - 16
    longest = max(spread.quartiles[1] for _, spread in bars.bars)
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(bars.title)}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_LEFT}" y="26">{escape(bars.title)}</text>',
    ]
    for number, (name, spread) in enumerate(bars.bars):
        top = _TOP + _ROW * number
        middle = top + _BAR / 2
        low, high = (_LEFT + value * scale for value in spread.quartiles)
        end = _LEFT + spread.median * scale
        kind = "ours" if name.startswith("heymarket_async") else "theirs"
        lines += [
            f'<text x="{_LEFT}" y="{top - 7}">{escape(name)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_BAR}" rx="3"/>',
        ]
        if low < high:
            lines.append(f'<path class="spread" d="M{low:.1f} {middle}H{high:.1f}"/>')
        lines.append(
            f'<text class="value" x="{max(end, high) + 8:.1f}" y="{middle + 4.5:.1f}">{_number(spread.median)}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}"
