"""The style of an allocation's page."""

from __future__ import annotations

from collections.abc import Sequence

_USED = ("#d8e8f9", "#c6dcf4", "#b5d3ef", "#94c0e4", "#6fa9d6", "#4f92c8", "#367bb8", "#2264a3",
         "#154d87", "#0c3869")  # fmt: skip
_USED_DARK = ("#1b3252", "#1e3a5f", "#21446f", "#245082", "#2a6099", "#3474b1", "#4688c6",
              "#62a2da", "#86bdea", "#b0d7f8")  # fmt: skip
_SENT = ("#fdf0dc", "#fce2bd", "#fad098", "#f6b970", "#f09f4a", "#e5842c", "#d1691a", "#b45112",
         "#913d10", "#6f2d0e")  # fmt: skip
_SENT_DARK = ("#33261a", "#412e19", "#543818", "#6a4418", "#83511a", "#a2621c", "#c0761f",
              "#da8e30", "#ecac55", "#f9cd8a")  # fmt: skip
_KINDS = ("#2563eb", "#d97706", "#0f766e", "#be185d", "#7c3aed", "#65a30d", "#92400e", "#0891b2")


def _scale(kind: str, colors: Sequence[str]) -> str:
    return "".join(f".{kind}{step}{{fill:{c};background:{c}}}" for step, c in enumerate(colors))


STYLE = f"""\
{_scale("u", _USED)}{_scale("t", _SENT)}{_scale("k", _KINDS)}
:root{{--out:#c2410c;--in:#15803d;--empty:#f4f6f9}}
.un{{fill:#a8b3c2;background:#a8b3c2}}
header{{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:center;padding:8px 14px;
background:var(--bar);border-bottom:1px solid var(--line);position:sticky;top:0;z-index:5}}
h1{{font-size:15px;margin:0;max-width:40vw;overflow:hidden;text-overflow:ellipsis;
white-space:nowrap}}
h2{{font-size:13.5px;margin:0 0 6px}}
h3{{font-size:12px;margin:10px 0 4px}}
h3 small{{font-weight:normal;color:var(--grey);float:right}}
button,select,input{{font:inherit;padding:2px 8px;max-width:100%}}
.hint,.note{{color:var(--grey)}}
.hint{{margin-left:auto}}
.note{{margin:4px 0;overflow-wrap:anywhere}}
main{{padding:12px 14px 30px;max-width:1500px;margin:0 auto}}
.facts{{display:flex;flex-wrap:wrap;gap:6px 28px;margin-bottom:6px}}
.facts div{{max-width:24em}}
.facts b{{font-size:20px;font-weight:600}}
.facts small{{display:block;color:var(--grey)}}
.top{{display:grid;grid-template-columns:minmax(0,1fr) 350px;gap:14px;align-items:start}}
.die{{min-width:0}}
#die{{outline-offset:3px}}
#die svg{{display:block;width:100%;height:auto}}
#die .slot{{fill:var(--empty);stroke:var(--line);stroke-width:.5}}
#die .core{{cursor:pointer}}
#die .tile{{fill:none;stroke:var(--line)}}
#die .chip{{fill:none;stroke:var(--grey);stroke-width:1}}
#die text{{font-size:9px;fill:var(--grey);pointer-events:none}}
#die text.share{{font-size:8px;fill:#111827;text-anchor:middle}}
#die text.share.high{{fill:#fff}}
#die .dim{{opacity:.22}}
#die .ring,#die .way{{vector-effect:non-scaling-stroke}}
#die .ring{{fill:none;stroke-width:2;pointer-events:none}}
#die .ring.at{{stroke:var(--grey);stroke-dasharray:3 2}}
#die .ring.chosen{{stroke:var(--ink);stroke-width:2.6}}
#die .ring.out,#die .way.out{{stroke:var(--out)}}
#die .ring.in,#die .way.in{{stroke:var(--in)}}
#die .way{{fill:none;pointer-events:none;opacity:.75}}
#die .way.in{{stroke-dasharray:4 2.5}}
#die .tip.out{{fill:var(--out)}}#die .tip.in{{fill:var(--in)}}
#legend{{display:flex;flex-wrap:wrap;gap:3px 14px;margin:8px 0 0;font-size:12px;
align-items:center}}
#legend .scale{{display:inline-flex;align-items:center;gap:6px}}
#legend .scale i{{display:inline-block;width:16px;height:12px;margin-right:-6px}}
#legend .scale i:last-of-type{{margin-right:0}}
#legend span>i.key{{display:inline-block;width:12px;height:12px;margin-right:5px;
vertical-align:-1px;border-radius:2px}}
#legend .empty{{background:var(--empty);border:1px solid var(--line)}}
#panel{{background:var(--bar);border:1px solid var(--line);border-radius:6px;padding:10px 12px;
max-height:calc(100vh - 70px);overflow:auto;position:sticky;top:52px}}
#panel ul{{margin:0;padding:0;list-style:none}}
#panel li{{display:flex;gap:8px;justify-content:space-between;overflow-wrap:anywhere}}
#panel li small{{color:var(--grey);text-align:right}}
#panel a{{color:inherit}}
#panel .out{{color:var(--out)}}#panel .in{{color:var(--in)}}
#panel .use{{display:grid;grid-template-columns:1fr auto;gap:0 8px;margin:3px 0}}
#panel .use .bar{{grid-column:1/3}}
#panel .use.binding span:first-child{{font-weight:bold}}
.bar{{display:block;height:7px;background:var(--empty);border-radius:3px;overflow:hidden}}
.bar i{{display:block;height:100%;background:#367bb8;border-radius:3px}}
.use.binding .bar i{{background:var(--out)}}
.cards{{columns:420px 2;column-gap:14px;margin-top:14px}}
.card{{break-inside:avoid;margin-bottom:14px}}
.card,.list{{border:1px solid var(--line);border-radius:6px;padding:10px 12px;min-width:0}}
.list{{margin-top:14px}}
.list h2{{display:flex;justify-content:space-between;align-items:center}}
.list h2 label{{font-weight:normal;font-size:13px}}
.wide{{overflow:auto;max-height:60vh}}
table{{border-collapse:collapse;width:100%;font-size:12.5px}}
th,td{{text-align:left;padding:2px 10px 2px 0;border-bottom:1px solid var(--line);
vertical-align:top}}
td:first-child{{overflow-wrap:anywhere;min-width:6em}}
.n{{text-align:right;white-space:nowrap}}
th{{position:sticky;top:0;background:var(--page)}}
th button{{border:0;background:none;color:inherit;font-weight:bold;padding:2px 0;cursor:pointer;
text-align:inherit}}
th[aria-sort=ascending] button::after{{content:" ▲"}}
th[aria-sort=descending] button::after{{content:" ▼"}}
tr.on td{{background:#fde68a66}}
#matrix svg{{display:block;width:100%;max-width:560px;height:auto;cursor:crosshair}}
#matrix text{{font-size:9px;fill:var(--grey)}}
#matrix .frame{{fill:var(--bar);stroke:var(--line)}}
#matrix .line{{stroke:var(--line);stroke-width:.6}}
.bars .time{{fill:#6fa9d6}}.bars .time.top{{fill:var(--out)}}
.bars .grid{{stroke:var(--line);stroke-width:.8}}
.bars text.axis{{font-size:9.5px;fill:var(--grey)}}
.basis .row{{display:grid;grid-template-columns:5em 1fr 6.5em;gap:8px;align-items:center}}
.basis .bar{{height:11px}}
.basis .learning i{{background:#d97706}}.basis .static i{{background:#94a3b8}}
.basis dl{{display:grid;grid-template-columns:auto 1fr;gap:0 12px;margin:0}}
.basis dd{{margin:0}}
#tip{{position:fixed;z-index:9;max-width:420px;pointer-events:none;white-space:pre-line;display:none;
padding:6px 9px;border-radius:5px;background:var(--ink);color:var(--page);font-size:12px}}
@media (prefers-color-scheme:dark){{
{_scale("u", _USED_DARK)}{_scale("t", _SENT_DARK)}
:root{{--out:#fb923c;--in:#4ade80;--empty:#131d2f}}
.un{{fill:#475569;background:#475569}}
.bar{{background:#223049}}
#die text.share{{fill:#e2e8f0}}
#die text.share.high{{fill:#0b1220}}
.bars .time{{fill:#3271ae}}
.bar i{{background:#4688c6}}
tr.on td{{background:#713f1266}}
}}
@media (max-width:900px){{.top{{grid-template-columns:minmax(0,1fr)}}
#panel{{position:static;max-height:none}}.hint{{display:none}}h1{{max-width:90vw}}}}
@media print{{header{{position:static}}.hint,header label{{display:none}}
.wide{{max-height:none}}}}
"""
