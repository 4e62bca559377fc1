// The confusion matrix of few labels: a table whose cells are buttons.

const TABLE_UP_TO = 30;

// Counts, totals and order of one split. `order` lists places in `labels`. A total is the number of
// rows that have the label; a row with several labels may stand in several cells, so that cells do
// not add up to it, and the line of rows that lack nothing has none (null).
function readMatrix(split, clustered) {
  const source = data.matrices[split];
  const size = source.labels.length;
  const counts = Array.from({ length: size }, () => new Map());
  const totals = new Array(size).fill(0);
  for (const [i, j, n] of source.cells) {
    counts[i].set(j, n);
    totals[i] += n;
  }
  if (data.kind === "set") {
    const figures = data.figures[split];
    source.labels.forEach((place, i) => { totals[i] = place < 0 || !figures ? null : figures[place]?.[0] ?? 0; });
  }
  const order = clustered ? source.order : source.labels.map((_unused, i) => i);
  return {
    split, order, labels: source.labels, totals, n: source.n,
    count: (i, j) => counts[i].get(j) || 0,
    share: (i, j) => (counts[i].get(j) || 0) / (totals[i] || source.n),
  };
}

function cellText(matrix, i, j) {
  if (data.kind === "set") return setCellText(matrix, i, j);
  return _("{label} answered {answered}: {count} of {total}", {
    label: labelText(matrix.labels[i]), answered: labelText(matrix.labels[j]),
    count: matrix.count(i, j), total: countRows(matrix.totals[i]),
  });
}

function setCellText(matrix, i, j) {
  const values = { label: labelText(matrix.labels[i]), answered: labelText(matrix.labels[j]), count: countRows(matrix.count(i, j)) };
  return i === j ? _("{label} rightly given: {count}", values) : _("missing: {label}, wrongly given: {answered}: {count}", values);
}

function matrixTable(matrix, open) {
  const upright = matrix.order.length > 4;
  const head = el("tr", {}, el("td", { class: "corner" }, data.kind === "set" ? _("missing ↓ wrongly given →") : _("true ↓ answered →")),
    ...matrix.order.map((j) => el("th", { scope: "col", class: upright ? "upright" : "" }, label(matrix.labels[j]))),
    el("th", { scope: "col", class: "n" + (upright ? " upright" : "") }, _("rows")));
  const body = matrix.order.map((i) => el("tr", {},
    el("th", { scope: "row" }, titled(matrix.labels[i])),
    ...matrix.order.map((j) => matrixCell(matrix, i, j, open)),
    el("td", { class: "n total" }, matrix.totals[i] === null ? "" : String(matrix.totals[i]))));
  const table = el("table", { class: "matrix" + (matrix.order.length > 12 ? " dense" : "") }, el("thead", {}, head), el("tbody", {}, ...body));
  table.addEventListener("keydown", (event) => moveInTable(event));
  return el("div", { class: "scroll" }, table);
}

function matrixCell(matrix, i, j, open) {
  const count = matrix.count(i, j);
  if (!count) return el("td", { class: "none" });
  const share = matrix.share(i, j);
  const cell = el("td", { class: i === j ? "hit" : "miss" },
    button(String(count), () => open(i, j), { "aria-label": cellText(matrix, i, j), title: cellText(matrix, i, j) }));
  cell.style.setProperty("--share", Math.sqrt(share).toFixed(3));
  return cell;
}

// Arrow keys go to the next cell that has rows, in the direction of the key.
function moveInTable(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const cell = event.target.closest("td");
  if (!step || !cell) return;
  event.preventDefault();
  const rows = [...cell.closest("tbody").rows];
  let [i, j] = [rows.indexOf(cell.parentNode), cell.cellIndex];
  for (;;) {
    i += step[0];
    j += step[1];
    const next = rows[i] && rows[i].cells[j];
    if (!next) return;
    const target = next.querySelector("button");
    if (target) return target.focus();
  }
}
