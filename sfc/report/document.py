"""An HTML page that needs nothing else: its style, its script, and leave to run no other."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from sfc.report.strokes import DARK, LIGHT, printable

_STYLE = f"""\
:root{{color-scheme:light dark;--ink:#1f2933;--grey:#64748b;--line:#cbd5e1;--page:#fff;
--bar:#f8fafc}}
*{{box-sizing:border-box}}
body{{margin:0;color:var(--ink);background:var(--page);
font:13px/1.4 Helvetica,Arial,"DejaVu Sans",sans-serif}}
@media (prefers-color-scheme:dark){{
:root{{--ink:#e2e8f0;--grey:#94a3b8;--line:#334155;--page:#0b1220;--bar:#111a2b}}
{DARK}}}
"""


def document(title: str, style: str, body: Iterable[str], script: str) -> str:
    """Returns a page whose drawings have the colours of diagrams, in light or dark.

    Args:
        title: any text.
        style: more rules; they may use the colours --ink, --grey, --line, --page and --bar.
        body, script: as they are written into the page.
    """
    digest = hashlib.sha256(script.encode()).digest()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{base64.b64encode(digest).decode()}'"
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            f"<title>{html(title)}</title>",
            f"<style>\n{LIGHT}{_STYLE}{style}</style></head><body>",
            *body,
            f"<script>{script}</script></body></html>",
            "",
        ]
    )


def html(words: str) -> str:
    """Returns a text as it is written into a page."""
    return escape(printable(words))
