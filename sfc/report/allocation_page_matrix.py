"""The script of an allocation's page that draws who sends to whom, and sorts and filters tables."""

from __future__ import annotations

MATRIX = r"""
const matrix = document.getElementById("matrix"), way = document.getElementById("way");
const MOST = 128, SIDE = 520, MARGIN = 34;
const chipPlaces = new Map();
cores.forEach((core, index) => {
  if (!chipPlaces.has(core.chip)) chipPlaces.set(core.chip, []);
  chipPlaces.get(core.chip).push(index);
});
const byChip = cores.length > MOST;

// Draws senders down and receivers across; entries are [row, column, spikes].
function table(downs, acrosses, entries, label, pick) {
  tip.style.display = "none";
  const size = Math.min(30, SIDE / Math.max(downs.length, acrosses.length));
  const w = acrosses.length * size, h = downs.length * size;
  const made = svg("svg", {viewBox: `0 0 ${MARGIN + w + 2} ${MARGIN + h + 2}`, role: "img",
    "aria-label": "spikes a sample; the tables beside it tell the most"});
  made.style.maxWidth = `${(MARGIN + w) * (w < 200 ? 1.3 : 1)}px`;
  made.append(svg("rect", {class: "frame", x: MARGIN, y: MARGIN, width: w, height: h}));
  const most = Math.max(...entries.map(([, , spikes]) => spikes), 0);
  const least = Math.min(...entries.map(([, , spikes]) => spikes), most);
  const steps = Array.from({length: 10}, () => "");
  for (const [row, column, spikes] of entries) {
    const height = most > least ? Math.log(spikes / least) / Math.log(most / least) : 1;
    const start = [MARGIN + column * size, MARGIN + row * size];
    steps[Math.min(9, Math.floor(10 * height))] += `M${start}h${size}v${size}h${-size}z`;
  }
  steps.forEach((d, step) => { if (d) made.append(svg("path", {class: `t${step}`, d})); });
  const every = Math.ceil(18 / size);
  downs.forEach((name, index) => { if (index % every === 0) made.append(svg("text",
    {x: MARGIN - 4, y: MARGIN + (index + .5) * size + 3, "text-anchor": "end"}, name)); });
  acrosses.forEach((name, index) => { if (index % every === 0) made.append(svg("text",
    {x: MARGIN + (index + .5) * size, y: MARGIN - 5, "text-anchor": "middle"}, name)); });
  made.append(svg("text", {x: MARGIN, y: 10}, `to ${label} →`));
  made.append(svg("text", {x: 0, y: MARGIN - 5}, "from ↓"));
  const found = new Map(
    entries.map(([row, column, spikes]) => [row * acrosses.length + column, spikes]));
  const under = event => {
    const box = made.getBoundingClientRect(), scale = (MARGIN + w + 2) / box.width;
    const column = Math.floor(((event.clientX - box.left) * scale - MARGIN) / size);
    const row = Math.floor(((event.clientY - box.top) * scale - MARGIN) / size);
    if (Math.min(row, column) < 0 || row >= downs.length || column >= acrosses.length) return null;
    return {row, column, spikes: found.get(row * acrosses.length + column) ?? 0};
  };
  made.addEventListener("pointermove", event => {
    const place = under(event);
    if (!place) { tip.style.display = "none"; return; }
    const {row, column, spikes} = place;
    const ends = `${label} ${downs[row]} to ${label} ${acrosses[column]}`;
    showTip(`${ends}\n${amount(spikes)} spikes a sample`, event.clientX + 12, event.clientY + 14,
      event.clientY - 8);
  });
  made.addEventListener("pointerleave", () => { tip.style.display = "none"; });
  made.addEventListener("click", event => {
    const place = under(event);
    if (place) pick(place.row, place.column);
  });
  matrix.replaceChildren(made);
  const range = most > least ? `${amount(least)} to ${amount(most)}, logarithmic` : amount(most);
  return `colour: spikes a sample, ${range}`;
}
function betweenCores(senders, receivers) {
  const rowOf = new Map(senders.map((core, row) => [core, row]));
  const columnOf = new Map(receivers.map((core, column) => [core, column]));
  const entries = data.pairs.filter(([from, to]) => rowOf.has(from) && columnOf.has(to))
    .map(([from, to, spikes]) => [rowOf.get(from), columnOf.get(to), spikes]);
  const [downs, acrosses] = [senders, receivers].map(list => list.map(index => cores[index].id));
  const words = table(downs, acrosses, entries, "core", row => choose(cores[senders[row]]));
  return `${words}; click a row for its core`;
}
function drawMatrix() {
  const note = document.getElementById("matrixnote");
  if (!byChip) {
    const all = cores.map((_, index) => index);
    note.textContent = betweenCores(all, all);
  } else if (way.value) {
    const [from, to] = way.value.split(" ").map(Number);
    note.textContent = betweenCores(chipPlaces.get(from) ?? [], chipPlaces.get(to) ?? []);
  } else {
    const chips = [...chipPlaces.keys()].sort((a, b) => a - b);
    const entries = data.chipPairs.map(
      ([from, to, spikes]) => [chips.indexOf(from), chips.indexOf(to), spikes]);
    note.textContent = table(chips, chips, entries, "chip", (row, column) => {
      const value = `${chips[row]} ${chips[column]}`;
      if (![...way.options].some(option => option.value === value)) return;
      way.value = value;
      drawMatrix();
    }) + "; click to see the cores";
  }
}
if (matrix) {
  if (byChip) {
    document.getElementById("ways").hidden = false;
    way.add(new Option("all chips", ""));
    const busiest = [...data.chipPairs].sort((a, b) => b[2] - a[2]).slice(0, 400);
    for (const [from, to] of busiest.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      const words = from === to ? `within chip ${from}` : `chip ${from} to chip ${to}`;
      way.add(new Option(words, `${from} ${to}`));
    }
    way.addEventListener("change", drawMatrix);
  }
  drawMatrix();
}

const digits = text => Number(text.replace(/,/g, "").replace(/^\*|[^\d.e-].*$/g, ""));
for (const heading of document.querySelectorAll("th button"))
  heading.addEventListener("click", () => {
    const cell = heading.closest("th"), row = cell.parentNode;
    const column = [...row.children].indexOf(cell);
    const body = cell.closest("table").tBodies[0], isNumber = cell.classList.contains("n");
    const was = cell.getAttribute("aria-sort");
    const up = was ? was === "descending" : !isNumber;
    for (const other of row.children) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = line => line.children[column].textContent;
    const order = isNumber ? (a, b) => (digits(key(a)) || 0) - (digits(key(b)) || 0)
      : (a, b) => key(a).localeCompare(key(b), "en", {numeric: true});
    body.append(...[...body.rows].sort((a, b) => up ? order(a, b) : order(b, a)));
  });
for (const input of document.querySelectorAll("[data-filters]"))
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(" ").filter(Boolean);
    for (const row of document.getElementById(input.dataset.filters).tBodies[0].rows)
      row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
  });
"""
"""Goes on with what `sfc.report.allocation_page_map` has defined."""
