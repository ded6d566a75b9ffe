"""The script of an allocation's page that draws the dies and tells of a core."""

from __future__ import annotations

MAP = r"""
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const names = data.resources.map(([name]) => name);
const cores = data.cores.map(
  ([id, chip, core, tile, used, available, binding, plastic, ns, parts]) =>
    ({id, chip, core, tile, used, available, binding, plastic, ns, parts, sends: [], takes: [],
      sent: 0, taken: 0}));
const byId = new Map(cores.map(core => [core.id, core]));
for (const [from, to, spikes] of data.pairs) {
  const source = cores[from], target = cores[to];
  if (from === to) continue;
  source.sends.push([target, spikes]);
  source.sent += spikes;
  target.takes.push([source, spikes]);
  target.taken += spikes;
}
const tip = document.getElementById("tip"), die = document.getElementById("die");
const panel = document.getElementById("panel"), measure = document.getElementById("measure");
const find = document.getElementById("find");
let chosen = null, at = null;

function amount(value) {
  if (value === null) return "n/a";
  if (value >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}
function share(core, resource) {
  const room = core.available[resource];
  return room ? core.used[resource] / room : null;
}
function percent(part) {
  if (part === null) return "";
  const whole = Math.round(100 * part);
  if (part > 0 && whole === 0) return "<1 %";
  return `${whole === 100 && part < 1 ? 99 : whole} %`;
}
function largest(core) {
  const shares = names.map((_, resource) => share(core, resource)).filter(part => part !== null);
  return shares.length ? Math.max(...shares) : null;
}
function place(core) {
  const tile = core.tile && data.chip.known ? [`tile (${core.tile})`] : [];
  return (data.chips > 1 ? [`chip ${core.chip}`, ...tile] : tile).join(", ");
}
function microseconds(core) {
  return `${amount(core.ns / 1000)} µs${data.basis ? ` (${data.basis})` : ""}`;
}
function part([population, first, last]) {
  const [name, neurons] = data.populations[population];
  return neurons === 1 ? name : `${name} ${first}..${last}`;
}

// What cores are coloured by: a part of 1, or of the most that any has; null where unknown.
function relative(amountOf, unit) {
  const most = Math.max(0, ...cores.map(core => amountOf(core) ?? 0));
  return {of: core => amountOf(core) === null ? null : most ? amountOf(core) / most : 0,
    ends: ["0", `${amount(most)} ${unit}`], most: " of the largest",
    text: core => `${amount(amountOf(core))} ${unit}`};
}
const measures = [["largest share of a resource", {of: largest, ends: ["0 %", "100 %"],
  text: core => percent(largest(core))}], ["binding resource", null]];
data.resources.forEach(([name, unit], resource) => {
  const known = cores.some(core => core.available[resource]);
  measures.push([name, known ? {of: core => share(core, resource), ends: ["0 %", "100 %"],
    text: core => percent(share(core, resource))} :
    relative(core => core.used[resource], `${unit} (limit not published)`)]);
});
measures.push(["plastic synapses", relative(core => core.plastic, "plastic synapses")]);
if (cores.some(core => core.ns !== null))
  measures.push(["step time", relative(core => core.ns === null ? null : core.ns / 1000,
    `µs (${data.basis})`)]);
if (data.pairs.length) {
  measures.push(["spikes sent", relative(core => core.sent, "spikes a sample")]);
  measures.push(["spikes received", relative(core => core.taken, "spikes a sample")]);
}
measures.forEach(([name], index) => measure.add(new Option(name, index)));

function svg(kind, attributes = {}, words = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (words !== null) made.textContent = words;
  return made;
}
function element(kind, className = "", words = null) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (words !== null) made.textContent = words;
  return made;
}

const CELL = 24, GAP = 2, TILE = 5, CHIP = 22;
const [columns, rows] = data.chip.mesh;
const across = Math.ceil(Math.sqrt(data.chip.tile)), down = Math.ceil(data.chip.tile / across);
const [tileWide, tileHigh] = [across, down].map(count => count * (CELL + GAP) - GAP + 2 * TILE);
const chipWide = columns * tileWide, chipHigh = rows * tileHigh;
const square = Math.sqrt(data.chips * chipHigh / chipWide * 1.9);
const chipsAcross = Math.min(data.chips, Math.max(1, Math.round(square)));
const SMALL = chipsAcross * chipWide / 800, TITLE = 8 + 10 * SMALL;
const chipsDown = Math.ceil(data.chips / chipsAcross);
const wide = chipsAcross * (chipWide + CHIP) - CHIP;
const high = chipsDown * (chipHigh + TITLE + 8);
const drawing = svg("svg", {viewBox: `-2 0 ${wide + 4} ${high}`, "aria-hidden": "true"});
drawing.style.maxWidth = `${wide * 1.9}px`;
const cells = svg("g"), marks = svg("g"), hover = svg("g");
function corner(chip, x, y, slot) {
  const [column, row] = [chip % chipsAcross, Math.floor(chip / chipsAcross)];
  const [right, below] = [slot % across, Math.floor(slot / across)];
  return [column * (chipWide + CHIP) + x * tileWide + TILE + right * (CELL + GAP),
    row * (chipHigh + TITLE + 8) + TITLE + y * tileHigh + TILE + below * (CELL + GAP)];
}
function spot(core) {
  if (data.chip.known) return corner(core.chip, ...core.tile, core.core % data.chip.tile);
  return corner(core.chip, core.core % columns, Math.floor(core.core / columns), 0);
}
let slots = "", tiles = "";
for (let chip = 0; chip < data.chips; chip++) {
  const [left, top] = corner(chip, 0, 0, 0);
  const title = svg("text", {x: left - TILE, y: top - TILE - 4}, `chip ${chip}`);
  title.style.fontSize = `${11 * SMALL}px`;
  cells.append(title);
  for (let x = 0; x < columns; x++) for (let y = 0; y < rows; y++) {
    if (!data.chip.known && y * columns + x >= data.chip.cores) continue;
    for (let slot = 0; slot < data.chip.tile; slot++)
      slots += `M${corner(chip, x, y, slot)}h${CELL}v${CELL}h${-CELL}z`;
    if (data.chip.tile === 1) continue;
    const start = [left - TILE + x * tileWide, top - TILE + y * tileHigh];
    tiles += `M${start}h${tileWide}v${tileHigh}h${-tileWide}z`;
  }
  cells.append(svg("rect", {class: "chip", x: left - TILE, y: top - TILE, width: chipWide,
    height: chipHigh, rx: 4}));
}
cells.prepend(svg("path", {class: "slot", d: slots}), svg("path", {class: "tile", d: tiles}));
for (const core of cores) {
  [core.x, core.y] = spot(core);
  core.cell = svg("rect", {x: core.x, y: core.y, width: CELL, height: CELL, rx: 2,
    "data-core": core.id});
  cells.append(core.cell);
  if (data.chips === 1) {
    core.label = svg("text", {x: core.x + CELL / 2, y: core.y + CELL / 2 + 3});
    cells.append(core.label);
  }
}
drawing.append(cells, marks, hover);
die.append(drawing);

function paint() {
  const [name, scale] = measures[measure.value], kinds = scale ? null : new Set();
  for (const core of cores) {
    const value = scale ? scale.of(core) : null;
    let step = value === null ? "un" : `u${Math.min(9, Math.floor(value * 10))}`;
    if (kinds && core.binding !== null) {
      step = `k${core.binding % 8}`;
      kinds.add(core.binding);
    }
    core.cell.setAttribute("class", `core ${step}`);
    if (!core.label) continue;
    core.label.textContent = value === null ? "" : Math.min(100, Math.floor(value * 100));
    core.label.setAttribute("class", value >= .5 ? "share high" : "share");
  }
  const legend = document.getElementById("legend");
  legend.replaceChildren();
  const key = (className, words) => {
    const made = element("span");
    made.append(element("i", `key ${className}`), words);
    legend.append(made);
  };
  if (scale) {
    const made = element("span", "scale");
    made.append(`${name}: ${scale.ends[0]}`);
    for (let step = 0; step < 10; step++) made.append(element("i", `u${step}`));
    made.append(` ${scale.ends[1]}`);
    legend.append(made);
    if (data.chips === 1) legend.append(element("span", "", `numbers: percent${scale.most ?? ""}`));
    if (cores.some(core => scale.of(core) === null)) key("un", "not known");
  } else for (const kind of [...kinds].sort((a, b) => a - b)) key(`k${kind % 8}`, names[kind]);
  key("empty", "empty core");
  search();
}
function search() {
  const words = find.value.toLowerCase().split(" ").filter(Boolean);
  for (const core of cores) {
    const held = core.parts.map(([population]) => data.populations[population][0].toLowerCase());
    const shown = !words.length || held.some(name => words.every(word => name.includes(word)));
    core.cell.classList.toggle("dim", !shown);
  }
}

function ring(core, kind) {
  return svg("rect", {class: `ring ${kind}`, x: core.x - 1, y: core.y - 1, width: CELL + 2,
    height: CELL + 2, rx: 3});
}
function arrow(from, to, kind, width) {
  const [x, y, X, Y] = [from.x, from.y, to.x, to.y].map(side => side + CELL / 2);
  const length = Math.hypot(X - x, Y - y) || 1, [dx, dy] = [(X - x) / length, (Y - y) / length];
  const bend = Math.min(40, length * .18);
  const [mx, my] = [(x + X) / 2 - dy * bend, (y + Y) / 2 + dx * bend];
  const angle = Math.atan2(Y - my, X - mx), [ax, ay] = [Math.cos(angle), Math.sin(angle)];
  const back = CELL * .38, [ex, ey] = [X - ax * back, Y - ay * back];
  marks.append(svg("path", {class: `way ${kind}`, d: `M${x} ${y}Q${mx} ${my} ${ex} ${ey}`,
    "stroke-width": width}));
  const head = (3 + width) * SMALL, half = head * .6, points = [[X - ax * 4, Y - ay * 4],
    [ex - ax * head - ay * half, ey - ay * head + ax * half],
    [ex - ax * head + ay * half, ey - ay * head - ax * half]];
  marks.append(svg("polygon", {class: `tip ${kind}`, points: points.join(" ")}));
}
function choose(core, remember = true) {
  chosen = core;
  marks.replaceChildren();
  if (remember) history.replaceState(null, "", core ? `#core-${core.id}` : "#");
  tell();
  if (!core) return;
  const most = Math.max(...core.sends.concat(core.takes).map(([, spikes]) => spikes), 0);
  for (const [kind, list] of [["in", core.takes], ["out", core.sends]])
    list.forEach(([other, spikes], place) => {
      marks.append(ring(other, kind));
      if (place >= 24) return;
      const width = .8 + 2.2 * Math.sqrt(spikes / most);
      if (kind === "out") arrow(core, other, kind, width);
      else arrow(other, core, kind, width);
    });
  marks.append(ring(core, "chosen"));
}

function link(core) {
  const made = element("a", "", `core ${core.id}`);
  made.href = `#core-${core.id}`;
  return made;
}
function listing(heading, kind, items) {
  if (!items.length) return;
  panel.append(element("h3", kind, heading));
  const list = element("ul");
  for (const [first, words] of items.slice(0, 40)) {
    const item = element("li");
    item.append(first, element("small", "", words));
    list.append(item);
  }
  panel.append(list);
  if (items.length > 40) panel.append(element("p", "note", `… ${items.length - 40} more`));
}
function tell() {
  panel.replaceChildren();
  if (!chosen) {
    panel.append(element("h2", "", "No core is chosen"));
    panel.append(element("p", "note", "Click a core, or go to it by arrow keys and press Enter."));
    const fullest = [...cores].sort((a, b) => (largest(b) ?? 0) - (largest(a) ?? 0)).slice(0, 8);
    const slowest = byId.get(data.slowest);
    if (slowest) listing("Slowest core", "",
      [[link(slowest), slowest.ns === null ? "" : microseconds(slowest)]]);
    listing("Fullest cores", "", fullest.map(core =>
      [link(core), `${names[core.binding] ?? ""} ${percent(largest(core))}`]));
    return;
  }
  panel.append(element("h2", "", `core ${chosen.id}`), element("p", "note", place(chosen)));
  names.forEach((name, resource) => {
    const room = chosen.available[resource], binds = resource === chosen.binding;
    const made = element("div", binds ? "use binding" : "use"), bar = element("i", "bar");
    const unit = data.resources[resource][1], used = amount(chosen.used[resource]);
    made.append(element("span", "", binds ? `${name} (binding)` : name));
    made.append(element("span", "", room === null ? `${used} ${unit}, limit n/a` :
      `${used} / ${amount(room)} ${unit}, ${percent(share(chosen, resource))}`));
    if (room !== null) {
      const inside = element("i");
      inside.style.width = `${100 * share(chosen, resource)}%`;
      bar.append(inside);
      made.append(bar);
    }
    panel.append(made);
  });
  const work = [["plastic synapses", amount(chosen.plastic)]];
  if (chosen.ns !== null) work.push(["step", microseconds(chosen)]);
  listing("Work", "", work);
  listing("Populations", "", chosen.parts.map(piece => {
    const [, neurons, span] = data.populations[piece[0]];
    const count = piece[2] - piece[1] + 1;
    const words = count === neurons ? amount(count) : `${amount(count)} of ${amount(neurons)}`;
    return [part(piece), span ? `${words}\u2003${span}` : words];
  }));
  listing(`Sends ${amount(chosen.sent)} spikes a sample to`, "out",
    chosen.sends.map(([other, spikes]) => [link(other), amount(spikes)]));
  listing(`Receives ${amount(chosen.taken)} spikes a sample from`, "in",
    chosen.takes.map(([other, spikes]) => [link(other), amount(spikes)]));
}

function showTip(words, x, y, above) {
  tip.textContent = words;
  tip.style.display = "block";
  tip.style.left = "0";
  const {width, height} = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 8))}px`;
  tip.style.top = `${y + height < innerHeight ? y : above - height}px`;
}
function point(core) {
  at = core;
  hover.replaceChildren();
  tip.style.display = "none";
  if (!core) return;
  hover.append(ring(core, "at"));
  const [name, scale] = measures[measure.value];
  const first = core.parts.slice(0, 4).map(part), rest = core.parts.length - first.length;
  const lines = [`core ${core.id}${place(core) ? `, ${place(core)}` : ""}`];
  if (core.binding !== null)
    lines.push(`${names[core.binding]} ${percent(share(core, core.binding))} (binding)`);
  if (scale && measure.value > 1) lines.push(`${name}: ${scale.text(core)}`);
  lines.push(first.join(", ") + (rest ? ` … ${rest} more` : ""));
  const box = core.cell.getBoundingClientRect();
  showTip(lines.join("\n"), box.left, box.bottom + 6, box.top - 6);
}
die.addEventListener("pointermove", event => {
  const cell = event.target.closest("[data-core]");
  const core = cell ? byId.get(Number(cell.dataset.core)) : null;
  if (core !== at) point(core);
});
die.addEventListener("pointerleave", () => point(null));
die.addEventListener("blur", () => point(null));
die.addEventListener("click", event => {
  const cell = event.target.closest("[data-core]");
  const core = cell ? byId.get(Number(cell.dataset.core)) : null;
  choose(core === chosen ? null : core);
});
die.addEventListener("keydown", event => {
  const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
  if (event.key === "Escape") { point(null); choose(null); }
  if ((event.key === "Enter" || event.key === " ") && at) choose(at === chosen ? null : at);
  if (event.key in steps) {
    const [dx, dy] = steps[event.key], from = at ?? chosen;
    const ahead = other => (other.x - from.x) * dx + (other.y - from.y) * dy;
    const aside = other => Math.abs((other.x - from.x) * dy) + Math.abs((other.y - from.y) * dx);
    const near = from ? cores.filter(other => ahead(other) > 0)
      .sort((a, b) => ahead(a) + 3 * aside(a) - ahead(b) - 3 * aside(b)) : cores;
    if (near.length) {
      near[0].cell.scrollIntoView({block: "nearest"});
      point(near[0]);
    }
  } else if (!["Escape", "Enter", " "].includes(event.key)) return;
  event.preventDefault();
});
function follow() {
  const core = byId.get(Number(/^#core-(\d+)$/.exec(location.hash)?.[1] ?? NaN));
  choose(core ?? null, false);
}
measure.addEventListener("change", paint);
find.addEventListener("input", search);
addEventListener("hashchange", follow);
paint();
follow();
"""
"""Draws the map; `sfc.report.allocation_page_matrix` goes on where it ends."""
