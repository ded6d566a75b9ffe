"""A diagram as a page: every depth of unfolding, a table of populations, a little script."""

from __future__ import annotations

from collections.abc import Iterator

from sfc.ir.circuit import Circuit, Input, Population
from sfc.report.diagram import Diagram, build, outline_of, shape_text
from sfc.report.document import document, html
from sfc.report.drawing import svg
from sfc.report.phases import Strip, strips

_MOST_BOXES = 400
_MOST_DEPTHS = 12
_MOST_ROWS = 2000
_MOST_PHASES = 12

_HINT = "click modules to unfold them, their titles to fold them;"

_STYLE = """\
body{height:100vh;display:grid;grid-template:auto 1fr/1fr auto}
header{grid-column:1/3;display:flex;gap:14px;align-items:center;padding:8px 14px;
background:var(--bar);border-bottom:1px solid var(--line)}
header h1{font-size:15px;margin:0;max-width:40vw;overflow:hidden;text-overflow:ellipsis}
header .hint{color:var(--grey);margin-left:auto}
button{font:inherit;padding:2px 9px}
main{overflow:hidden;position:relative;cursor:grab;touch-action:none}
main.moving{cursor:grabbing}
.depth{position:absolute;left:0;top:0;transform-origin:0 0}
.depth[hidden]{display:none}
aside{overflow:auto;max-width:36vw;border-left:1px solid var(--line);background:var(--bar)}
aside[hidden]{display:none}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:3px 10px;border-bottom:1px solid var(--line);vertical-align:top}
td:nth-child(2){text-align:right;white-space:nowrap}
td:first-child{overflow-wrap:anywhere;min-width:7em}
th{position:sticky;top:0;background:var(--bar)}
tr.on td{background:#fde68a66}
.sfc .box,.sfc .edge,.sfc .labels{transition:opacity .12s}
.sfc.lit .box,.sfc.lit .edge,.sfc.lit .labels{opacity:.2}
.sfc.lit .on{opacity:1}
.sfc .module,.sfc .array,.sfc .frame .name{cursor:pointer}
.sfc .edge .hit{stroke:transparent;stroke-width:11px;stroke-dasharray:none}
.sfc .edge:hover .line:not(.hit){stroke-width:4px}
@media print{header,aside{display:none}main{overflow:visible}}
"""

_SCRIPT = """\
"use strict";
const main = document.querySelector("main");
const depths = [...document.querySelectorAll(".depth")];
const slider = document.getElementById("depth");
const rows = [...document.querySelectorAll("tr[data-name]")];
let shown = depths.find(d => !d.hidden), x = 0, y = 0, scale = 1;

function move() {
  shown.style.transform = `translate(${x}px,${y}px) scale(${scale})`;
}
function fit() {
  const svg = shown.firstElementChild, w = svg.width.baseVal.value, h = svg.height.baseVal.value;
  scale = Math.min(main.clientWidth / w, main.clientHeight / h, 1.5);
  x = (main.clientWidth - w * scale) / 2;
  y = Math.max(0, (main.clientHeight - h * scale) / 2);
  move();
}
function zoom(factor, atX, atY) {
  const next = Math.min(8, Math.max(0.02, scale * factor));
  x = atX - (atX - x) * next / scale;
  y = atY - (atY - y) * next / scale;
  scale = next;
  move();
}
function show(index) {
  if (!depths[index]) return;
  light(null);
  shown.hidden = true;
  shown = depths[index];
  shown.hidden = false;
  if (slider) slider.value = index;
  fit();
}
function light(name) {
  const svg = shown.firstElementChild;
  svg.classList.toggle("lit", name !== null);
  for (const part of svg.querySelectorAll(".on")) part.classList.remove("on");
  for (const row of rows) row.classList.toggle("on", row.dataset.name === name);
  if (name === null) return;
  const near = new Set([name]);
  for (const edge of svg.querySelectorAll(".edge")) {
    const {source, target} = edge.dataset;
    if (source !== name && target !== name) continue;
    edge.classList.add("on");
    near.add(source).add(target);
  }
  for (const label of svg.querySelectorAll(".labels"))
    label.classList.toggle("on", label.dataset.source === name ||
      JSON.parse(label.dataset.targets).includes(name));
  for (const box of svg.querySelectorAll(".box"))
    box.classList.toggle("on", near.has(box.dataset.name));
}
function boxOf(name) {
  const boxes = [...shown.querySelectorAll(".box")];
  return boxes.find(box => box.dataset.name === name) ?? boxes.find(box => {
    const end = box.dataset.name.length - 1;
    return box.dataset.name.endsWith("*") && name.startsWith(box.dataset.name.slice(0, end)) ||
      box.dataset.name.endsWith("[*]") && name.startsWith(box.dataset.name.slice(0, -2));
  });
}

for (const line of document.querySelectorAll(".edge .line")) {
  const hit = line.cloneNode();
  hit.classList.add("hit");
  line.after(hit);
}
main.addEventListener("pointerover", event => {
  const box = event.target.closest(".box");
  light(box ? box.dataset.name : null);
});
main.addEventListener("pointerleave", () => light(null));
main.addEventListener("wheel", event => {
  event.preventDefault();
  const place = main.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 400), event.clientX - place.left, event.clientY - place.top);
}, {passive: false});
let from = null, moved = false;
main.addEventListener("pointerdown", event => {
  from = [event.clientX - x, event.clientY - y];
  moved = false;
});
addEventListener("pointermove", event => {
  if (!from) return;
  const [nextX, nextY] = [event.clientX - from[0], event.clientY - from[1]];
  moved ||= Math.hypot(nextX - x, nextY - y) > 4;
  if (!moved) return;
  [x, y] = [nextX, nextY];
  main.classList.add("moving");
  move();
});
addEventListener("pointerup", () => {
  from = null;
  main.classList.remove("moving");
});
main.addEventListener("click", event => {
  if (moved) return;
  const index = depths.indexOf(shown);
  const folded = event.target.closest(".module, .array");
  const frame = event.target.closest(".frame .name")?.parentNode;
  if (folded) show(index + 1);
  if (frame) {
    const level = frame.dataset.name.split(".").length - 1;
    show(Math.max(0, depths.findLastIndex(d => Number(d.dataset.depth) <= level)));
  }
});
for (const row of rows) {
  row.addEventListener("pointerenter", () => light(boxOf(row.dataset.name)?.dataset.name ?? null));
  row.addEventListener("pointerleave", () => light(null));
}
slider?.addEventListener("input", () => show(Number(slider.value)));
document.getElementById("fit").addEventListener("click", fit);
document.getElementById("table").addEventListener("click", () => {
  document.querySelector("aside").toggleAttribute("hidden");
  fit();
});
addEventListener("resize", fit);
fit();
"""


def page(circuit: Circuit, depth: int | None = None, relays: bool = False) -> str:
    """Draws a circuit as an HTML page that needs nothing else.

    Args:
        circuit: any circuit.
        depth: how many levels of modules are unfolded at first; see `draw`.
        relays: draw what relays open and close as edges too.

    Raises:
        SfcError: E0306, it has too many boxes.
    """
    first = build(circuit, depth, relays)
    diagrams = [
        first if depth == first.depth else build(circuit, depth, relays)
        for depth in _depths(circuit, first)
    ]
    place = diagrams.index(first)
    slider = (
        f'<label>depth <input id="depth" type="range" min="0" max="{len(diagrams) - 1}" '
        f'value="{place}"></label>'
    )
    body = [
        f"<header><h1>{html(circuit.name)}</h1>",
        slider if len(diagrams) > 1 else "",
        '<button id="fit">fit</button><button id="table">table</button>',
        f'<span class="hint">{_HINT if len(diagrams) > 1 else ""}',
        "drag to move, scroll to zoom, point at a box for its edges</span></header><main>",
        *(
            f'<div class="depth" data-depth="{diagram.depth}"'
            f"{'' if diagram is first else ' hidden'}>{svg(diagram, style=False)}</div>"
            for diagram in diagrams
        ),
        "</main><aside><table>",
        "<thead><tr><th>name</th><th>size</th><th>phases</th></tr></thead><tbody>",
        *_rows(circuit),
        "</tbody></table></aside>",
    ]
    return document(circuit.name, _STYLE, body, _SCRIPT)


def _depths(circuit: Circuit, first: Diagram) -> list[int]:
    """Returns the depths that a page holds: all that are not too large, and the first."""
    outline = outline_of(circuit)
    sizes = {depth: len(outline.boxes(depth)) for depth in range(outline.depth + 1)}
    small = [depth for depth, size in sizes.items() if size <= _MOST_BOXES]
    return sorted({*small[:_MOST_DEPTHS], first.depth})


def _rows(circuit: Circuit) -> Iterator[str]:
    """Yields the rows of the table: inputs and populations without relays."""
    relays = {relay for chain in circuit.schedule.chains for relay in chain.relays}
    things: list[Input | Population] = [*circuit.inputs.values(), *circuit.populations.values()]
    found = strips(circuit, {thing.name: thing.name for thing in things})
    shown = [thing for thing in things if thing.name not in relays]
    for thing in shown[:_MOST_ROWS]:
        name, shape = html(thing.name), shape_text(thing.shape)
        phases = "<br>".join(line for s in found.get(thing.name, ()) for line in _phases(s))
        yield f'<tr data-name="{name}"><td>{name}</td><td>{shape}</td><td>{phases}</td></tr>'
    if len(shown) > _MOST_ROWS:
        yield f"<tr><td>… and {len(shown) - _MOST_ROWS:,} more</td><td></td><td></td></tr>"


def _phases(strip: Strip) -> Iterator[str]:
    for kind, word in (("present", "presented"), ("open", "open"), ("close", "closed")):
        phases = [mark.phase for mark in strip.marks if mark.kind == kind]
        if phases:
            words = ", ".join(str(phase) for phase in phases[:_MOST_PHASES])
            more = ", …" if len(phases) > _MOST_PHASES else ""
            chain = f" of {html(strip.title)}" if strip.title else ""
            yield f"{word} {words}{more}{chain}"
