"""The style and the script of the page with a timing chart."""

from __future__ import annotations

from sfc.report.phase_lanes import LANE, LANE_DARK, LANE_LIGHT

STYLE = f"""\
{LANE_LIGHT}body{{height:100vh;display:grid;grid-template:auto auto minmax(0,1fr) auto/100%}}
header{{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:center;padding:8px 14px;
background:var(--bar);border-bottom:1px solid var(--line)}}
h1{{font-size:15px;margin:0;max-width:40vw;overflow:hidden;text-overflow:ellipsis}}
h2{{font-size:13px;margin:10px 0 4px}}
button,select,input{{font:inherit;padding:2px 8px}}
.hint{{color:var(--grey);margin-left:auto}}
.key{{display:flex;flex-wrap:wrap;gap:2px 18px;padding:5px 14px;font-size:11.5px;
border-bottom:1px solid var(--line)}}
.key span{{display:inline-flex;align-items:center;gap:6px}}
main{{overflow:auto;outline-offset:-3px;position:relative}}
table{{border-collapse:separate;border-spacing:0;margin-bottom:6px}}
th{{text-align:left;font-weight:bold;padding:0 10px 0 14px;white-space:nowrap;
background:var(--page);position:sticky;left:0;z-index:1;height:{LANE:g}px}}
td{{padding:0;height:{LANE:g}px;line-height:0}}
td svg{{display:block}}
tbody td{{background:repeating-linear-gradient(90deg,var(--line) 0 .6px,#0000 .6px var(--cell))}}
thead th,thead td{{position:sticky;top:0;z-index:2;background:var(--page);padding-top:6px}}
thead th{{z-index:3}}
th small{{color:var(--grey);font-weight:normal;float:right;padding-left:14px}}
th button{{border:0;background:none;color:inherit;font:inherit;font-weight:bold;padding:2px 4px;
margin-left:-8px;cursor:pointer;text-align:left}}
th button::before{{content:"▾";display:inline-block;width:1.1em}}
th button[aria-expanded=false]::before{{content:"▸"}}
th.inside1{{padding-left:26px}}th.inside2{{padding-left:38px}}th.inside3{{padding-left:50px}}
tr[hidden]{{display:none}}
tr.module td svg .cell,tr.module td svg .base{{visibility:hidden}}
tr.module.folded td svg .cell,tr.module.folded td svg .base{{visibility:visible}}
tr:target th,tr.at th{{background:var(--lit)}}
:root{{--lit:#fde68a}}
.cell.at .hit,.cell:hover .hit{{stroke:currentColor;stroke-width:1.6px}}
#column{{position:absolute;top:0;pointer-events:none;border:1px solid var(--grey);
border-width:0 1px;opacity:.55;display:none}}
#tip{{position:fixed;z-index:9;max-width:420px;pointer-events:none;white-space:pre-line;display:none;
padding:6px 9px;border-radius:5px;background:var(--ink);color:var(--page);font-size:12px}}
main[data-reading=sound] .conditional,main[data-reading=conditional] .sound{{display:none}}
footer{{display:flex;flex-wrap:wrap;gap:0 40px;max-height:28vh;overflow:auto;
padding:0 14px 10px;background:var(--bar);
border-top:1px solid var(--line)}}
footer ul{{margin:0;padding:0;list-style:none}}
footer li{{display:flex}}
footer b{{flex:none;width:6.5em}}
footer a{{color:inherit}}
b.open{{color:#b45309}}b.refuted{{color:#c0392b}}b.proved{{color:#2e8b57}}
@media (prefers-color-scheme:dark){{
:root{{--lit:#713f12}}
b.open{{color:#fbbf24}}b.refuted{{color:#f87171}}b.proved{{color:#34b373}}
{LANE_DARK}}}
@media print{{header .tools,.hint{{display:none}}main,footer{{overflow:visible;max-height:none}}
body{{display:block}}}}
"""

SCRIPT = """\
"use strict";
const main = document.querySelector("main"), tip = document.getElementById("tip");
const column = document.getElementById("column");
const lanes = [...document.querySelectorAll("tbody tr")];
const clock = document.querySelector("thead svg");
const first = Number(clock.dataset.first), count = Number(clock.dataset.count);
const cell = clock.width.baseVal.value / count;
let at = null;

for (const part of document.querySelectorAll(".cell")) {
  const title = part.querySelector(":scope > title");
  part.dataset.text = title.textContent;
  title.remove();
}

function fold(module, folded) {
  module.classList.toggle("folded", folded);
  module.querySelector("button").setAttribute("aria-expanded", String(!folded));
}
function arrange() {
  const words = document.getElementById("filter").value.toLowerCase().split(" ").filter(Boolean);
  const folded = lanes.filter(lane => lane.classList.contains("folded"))
    .map(lane => lane.dataset.name + ".");
  for (const lane of lanes) {
    const {name} = lane.dataset, isModule = lane.classList.contains("module");
    lane.hidden = words.length
      ? isModule || !words.some(word => name.toLowerCase().includes(word))
      : folded.some(prefix => name.startsWith(prefix));
  }
  point(null);
}
function partOf(lane, phase) {
  const parts = [...lane.querySelectorAll(`.cell[data-phase="${phase}"]`)];
  return parts.find(part => getComputedStyle(part).display !== "none");
}
function say(lane, phase) {
  const part = partOf(lane, phase), {name} = lane.dataset;
  if (lane.classList.contains("module") && !lane.classList.contains("folded")) return name;
  const where = phase < 0 ? "in any step" : `in phase ${phase}`;
  return part ? part.dataset.text : `${name} ${where}: silent\\nnothing arrives`;
}
function point(place, scroll = false) {
  for (const part of document.querySelectorAll(".at")) part.classList.remove("at");
  at = place;
  tip.style.display = column.style.display = place ? "block" : "none";
  if (!place) return;
  const {lane, phase} = place, box = lane.querySelector("svg");
  lane.classList.add("at");
  partOf(lane, phase)?.classList.add("at");
  const frame = main.getBoundingClientRect(), head = document.querySelector("thead");
  const left = (phase - first) * cell;
  if (scroll) {
    lane.scrollIntoView({block: "nearest"});
    const top = lane.getBoundingClientRect().top - frame.top - head.offsetHeight;
    if (top < 0) main.scrollTop += top;
    const names = lane.querySelector("th").offsetWidth;
    const right = left + cell + names - main.clientWidth;
    if (main.scrollLeft > left) main.scrollLeft = left;
    if (main.scrollLeft < right) main.scrollLeft = right;
  }
  const drawn = box.getBoundingClientRect();
  column.style.left = `${drawn.left - frame.left + main.scrollLeft + left}px`;
  column.style.width = `${cell}px`;
  column.style.height = `${document.querySelector("table").offsetHeight}px`;
  tip.textContent = say(lane, phase);
  tip.style.left = "0";
  const x = drawn.left + left, y = drawn.bottom + 6, {width, height} = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 8))}px`;
  tip.style.top = `${y + height < innerHeight ? y : drawn.top - height - 6}px`;
}
function under(event) {
  const box = event.target.closest("tbody td svg");
  if (!box) return null;
  const inside = event.clientX - box.getBoundingClientRect().left;
  const step = Math.min(count - 1, Math.max(0, Math.floor(inside / cell)));
  return {lane: box.closest("tr"), phase: first + step};
}

main.addEventListener("pointermove", event => {
  const place = under(event);
  if (place?.lane !== at?.lane || place?.phase !== at?.phase) point(place);
});
main.addEventListener("pointerleave", () => point(null));
main.addEventListener("keydown", event => {
  const steps = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]};
  const shown = lanes.filter(lane => !lane.hidden);
  if (event.key === "Escape") point(null);
  if (!(event.key in steps) || !shown.length || event.target !== main) return;
  event.preventDefault();
  const [down, along] = steps[event.key];
  const row = at ? Math.max(0, shown.indexOf(at.lane)) + down : 0;
  const phase = at ? at.phase + along : first;
  const lane = shown[Math.min(shown.length - 1, Math.max(0, row))];
  point({lane, phase: Math.min(first + count - 1, Math.max(first, phase))}, true);
});
for (const module of document.querySelectorAll("tr.module"))
  module.querySelector("button").addEventListener("click", () => {
    fold(module, !module.classList.contains("folded"));
    arrange();
  });
for (const [id, folded] of [["fold", true], ["unfold", false]])
  document.getElementById(id)?.addEventListener("click", () => {
    for (const module of document.querySelectorAll("tr.module")) fold(module, folded);
    arrange();
  });
document.getElementById("reading").addEventListener("change", event => {
  main.dataset.reading = event.target.value;
  point(at);
});
document.getElementById("filter").addEventListener("input", arrange);
for (const link of document.querySelectorAll("footer a"))
  link.addEventListener("click", event => {
    event.preventDefault();
    const lane = document.getElementById(link.hash.slice(1));
    document.getElementById("filter").value = "";
    for (const module of document.querySelectorAll("tr.module.folded"))
      if (lane.dataset.name.startsWith(module.dataset.name + ".")) fold(module, false);
    arrange();
    main.focus();
    point({lane, phase: Number(link.dataset.phase)}, true);
  });
arrange();
"""
