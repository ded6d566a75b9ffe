"""The shapes that diagrams are drawn with, as SVG elements, and their colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from sfc.report.bundles import Style
from sfc.report.placing import Point

MATRIX_COLORS = (
    "#d97706",
    "#7c3aed",
    "#0891b2",
    "#be185d",
    "#65a30d",
    "#92400e",
    "#4338ca",
    "#0f766e",
)
_INK, _GREY, _PAPER = "#1f2933", "#64748b", "#ffffff"
_OPEN, _CLOSE, _PRESENT, _REWARD = "#2e8b57", "#c0392b", "#2563eb", "#f4c430"

LIGHT = f"""\
.sfc text{{font-family:Helvetica,Arial,"DejaVu Sans",sans-serif;fill:{_INK}}}
.sfc .title{{font-size:16px;font-weight:bold}}
.sfc .subtitle{{font-size:11px;fill:{_GREY}}}
.sfc .name{{font-size:12px;font-weight:bold}}
.sfc .note{{font-size:9.5px;fill:{_GREY}}}
.sfc .tag{{font-size:8.5px;fill:{_PAPER}}}
.sfc .key{{font-size:10.5px}}
.sfc .small{{font-size:8px;fill:{_GREY}}}
.sfc .label{{font-size:9.5px}}
.sfc .halo{{stroke:{_PAPER};stroke-width:2.5px;stroke-linejoin:round}}
.sfc .paper{{fill:{_PAPER}}}
.sfc .body{{fill:#f8fafc;stroke:#475569;stroke-width:1.2px}}
.sfc .input .body{{fill:#eff6ff;stroke:{_PRESENT}}}
.sfc .chain .body{{fill:#fffbeb;stroke:#b45309}}
.sfc .module .body,.sfc .array .body{{fill:#f1f5f9;stroke-width:1.8px}}
.sfc .frame .body{{fill:#0f172a;fill-opacity:.03;stroke:#94a3b8}}
.sfc .cells{{fill:{_PAPER};stroke:#cbd5e1;stroke-width:.8px}}
.sfc .grid{{fill:none;stroke:#cbd5e1;stroke-width:.8px}}
.sfc .open{{fill:{_OPEN}}}
.sfc .close{{fill:{_CLOSE}}}
.sfc .present{{fill:{_PRESENT};stroke:{_PAPER};stroke-width:.8px}}
.sfc .reward{{fill:{_REWARD}}}
.sfc .badge{{fill:#475569}}
.sfc .badge.readout{{fill:#9d174d}}
.sfc .line{{fill:none;stroke:currentColor;stroke-width:1.3px}}
.sfc .line.wide{{stroke-width:2.2px}}
.sfc .line.plastic{{stroke-width:3.2px}}
.sfc .line.gate,.sfc .line.opens,.sfc .line.closes{{stroke-dasharray:5 3}}
.sfc .head{{fill:currentColor;stroke:none}}
.sfc .hollow{{fill:{_PAPER};stroke:currentColor;stroke-width:1.4px}}
.sfc .bar{{fill:none;stroke:currentColor;stroke-width:2.6px}}
.sfc .excitatory,.sfc .ring{{color:#334155}}
.sfc .inhibitory,.sfc .closes{{color:{_CLOSE}}}
.sfc .gate,.sfc .opens{{color:{_OPEN}}}
.sfc .presents{{color:{_PRESENT}}}
.sfc .mixed{{color:#64748b}}
""" + "".join(f".sfc .matrix{n}{{color:{color}}}\n" for n, color in enumerate(MATRIX_COLORS))
"""The style sheet of a diagram on white paper."""

DARK = """\
.sfc text{fill:#e2e8f0}
.sfc .subtitle,.sfc .note,.sfc .small{fill:#94a3b8}
.sfc .tag{fill:#fff}
.sfc .halo{stroke:#0b1220}
.sfc .paper{fill:#0b1220}
.sfc .body{fill:#172033;stroke:#94a3b8}
.sfc .input .body{fill:#14233f;stroke:#60a5fa}
.sfc .chain .body{fill:#2a2110;stroke:#d97706}
.sfc .module .body,.sfc .array .body{fill:#1e293b}
.sfc .frame .body{fill:#fff;stroke:#475569}
.sfc .cells{fill:#0b1220;stroke:#475569}
.sfc .grid{stroke:#475569}
.sfc .open{fill:#34b373}
.sfc .present{fill:#60a5fa;stroke:#0b1220}
.sfc .reward{fill:#a16207}
.sfc .hollow{fill:#0b1220}
.sfc .excitatory,.sfc .ring{color:#cbd5e1}
.sfc .inhibitory,.sfc .closes{color:#f87171}
.sfc .gate,.sfc .opens{color:#34b373}
.sfc .presents{color:#60a5fa}
.sfc .matrix1,.sfc .matrix6{color:#a78bfa}
.sfc .matrix3{color:#f472b6}
.sfc .matrix5{color:#fbbf24}
"""
"""What of it differs on a dark page."""

_NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KIND_CLASSES = {"open": "opens", "close": "closes", "present": "presents"}


def number(value: float) -> str:
    """Writes a coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    """Returns a line of text whose base line is at y."""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    shown = escape(printable(words))
    return f'<text x="{number(x)}" y="{number(y)}" class="{kind}"{at}>{shown}</text>'


def printable(words: str) -> str:
    """Returns a text with question marks for letters that XML cannot hold."""
    return _NO_XML.sub("?", words)


def attribute(words: str) -> str:
    """Returns a text as an attribute's value, with quotes."""
    return quoteattr(printable(words))


def title(words: str) -> str:
    """Returns a tooltip."""
    return f"<title>{escape(printable(words))}</title>"


def rectangle(
    x: float, y: float, width: float, height: float, kind: str, radius: float = 0.0
) -> str:
    """Returns a rectangle without contents."""
    rounded = f' rx="{number(radius)}"' if radius else ""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}" class="{kind}"{rounded}/>'
    )


def style_class(style: Style, matrices: Sequence[str]) -> str:
    """Returns the classes that an edge's colour and width come from."""
    kind = _KIND_CLASSES.get(style.kind, style.kind)
    if style.kind == "plastic":
        kind += f" matrix{matrices.index(style.matrix) % len(MATRIX_COLORS)}"
    return f"{kind} wide" if style.wide else kind


def path(points: Sequence[Point]) -> str:
    """Returns the data of a path: level between level points, else curved."""
    (x, y), *rest = points
    data = f"M{number(x)} {number(y)}"
    for to_x, to_y in rest:
        if abs(to_y - y) < 0.05:
            data += f"H{number(to_x)}"
        else:
            middle = number((x + to_x) / 2)
            data += f"C{middle} {number(y)} {middle} {number(to_y)} {number(to_x)} {number(to_y)}"
        x, y = to_x, to_y
    return data


def arrow(points: Sequence[Point], style: Style, classes: str) -> str:
    """Returns a line with the head that tells what it does; it ends level."""
    (x, y), before = points[-1], points[-2]
    step = 1.0 if x >= before[0] else -1.0
    line = f'<path d="{path([*points[:-1], (x - step * 5, y)])}" class="line {classes}"/>'
    return line + head(x, y, step, style, classes)


def head(x: float, y: float, step: float, style: Style, classes: str) -> str:
    """Returns an arrow's head with its tip at (x, y), to the right if step is 1, the left if -1."""
    if style.kind in ("inhibitory", "close"):
        data = f"M{number(x - step * 4)} {number(y - 5)}v10"
        return f'<path d="{data}" class="bar {classes}"/>'
    if style.kind in ("gate", "open"):
        return (
            f'<circle cx="{number(x - step * 4.5)}" cy="{number(y)}" r="3.4" '
            f'class="hollow {classes}"/>'
        )
    length, half = (10, 5.5) if style.kind == "plastic" else (8, 3.8)
    data = f"M{number(x)} {number(y)}l{number(-step * length)} {-half}v{2 * half}z"
    return f'<path d="{data}" class="head {classes}"/>'
