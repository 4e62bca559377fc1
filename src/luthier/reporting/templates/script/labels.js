// Tables that sort by a click on a heading, and a panel for each label.

const CLOUD_WORDS = 40;

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const name = head.textContent;
    head.replaceChildren(button(name, () => {
      const down = head.getAttribute("aria-sort") === "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "ascending" : "descending");
      sortRows(table.tBodies[0], column, down ? 1 : -1);
    }, { class: "plain sort" }));
  });
}

function sortRows(body, column, direction) {
  const key = (row) => row.cells[column].textContent.trim();
  const rows = [...body.rows].map((row) => [key(row), parseFloat(key(row)), row]);
  rows.sort(([a, m], [b, n]) => {
    if (column && (Number.isNaN(m) || Number.isNaN(n))) return Number(Number.isNaN(m)) - Number(Number.isNaN(n));
    return direction * (column ? m - n : a.localeCompare(b, undefined, { numeric: true }));
  });
  body.append(...rows.map(([, , row]) => row));
}

function drawLabels(view) {
  const panel = el("div", { class: "behind", tabindex: "-1" });
  view.append(panel);
  for (const table of document.querySelectorAll("table.sortable")) makeSortable(table);
  for (const head of document.querySelectorAll("th[data-label]")) {
    const index = data.labels.indexOf(head.dataset.label);
    const name = button("", () => openLabel(panel, index), { class: "plain" });
    name.append(...head.childNodes);
    head.append(name);
  }
}

function openLabel(panel, index) {
  const words = data.words[index] || [];
  const split = "validation" in data.matrices ? "validation" : Object.keys(data.matrices)[0];
  const left = el("div", {}, ...labelFigures(index),
    el("h4", {}, _("Words that tell it from the others")), wordCloud(words),
    el("h4", {}, _("Mixed up with, {split} rows", { split: splitName(split) })), mixedUp(split, index));
  const right = el("div", {}, el("h4", {}, _("Hardest rows, {split} rows", { split: splitName("validation") })), hardest(index));
  panel.replaceChildren(el("h3", {}, titled(index)), el("div", { class: "label-page" }, left, right),
    el("div", { class: "tools" },
      data.rows ? button(_("All rows of this label"), () => setFilters({ label: index })) : null,
      button(_("Close"), () => panel.replaceChildren())));
  reveal(panel);
}

function labelFigures(index) {
  const line = (split) => {
    const found = data.figures[split][index];
    if (!found) return null;
    const [support, answered, ...v] = found;
    const figure = (at) => `${v[at]} (${v[at + 1]}–${v[at + 2]})`;
    return el("p", {}, _("{split}: {support} true, {answered} answered; F1 {f1}, precision {precision}, recall {recall}", {
      split: splitName(split), support, answered, f1: figure(0), precision: figure(3), recall: figure(6),
    }));
  };
  return Object.keys(data.figures).map(line).filter(Boolean);
}

// Size: how surely a word belongs to the label (z of the log-odds). Words stand in the reading order
// of their strength, so that the cloud is also a list.
function wordCloud(words) {
  if (!words.length) return el("p", { class: "muted" }, data.words && Object.keys(data.words).length ? _("Too few rows to tell.") : _("Not measured in this run."));
  const shown = words.slice(0, CLOUD_WORDS);
  const [most, least] = [shown[0][1], shown[shown.length - 1][1]];
  return el("p", { class: "cloud" }, ...shown.flatMap(([word, z, inside, outside]) => {
    const part = most > least ? (z - least) / (most - least) : 1;
    const item = el("span", {
      title: _("{word}: in {inside} rows of this label, in {outside} others; z = {z}", { word, inside, outside, z: z.toFixed(1) }),
      class: part > 0.5 ? "strong" : "",
    }, word);
    item.style.fontSize = (0.85 + 1.5 * part).toFixed(2) + "rem";
    return [item, " "];
  }));
}

function mixedUp(split, index) {
  const matrix = split && readMatrix(split, false);
  const at = matrix ? matrix.labels.indexOf(index) : -1;
  if (at < 0) return el("p", { class: "muted" }, _("It does not occur there."));
  const found = matrix.labels.flatMap((other, j) => (j === at ? [] : [
    { own: index, answered: other, n: matrix.count(at, j), total: matrix.totals[at] },
    { own: other, answered: index, n: matrix.count(j, at), total: matrix.totals[j] },
  ])).filter((pair) => pair.n).sort((a, b) => b.n - a.n).slice(0, 8);
  if (!found.length) return el("p", { class: "muted" }, _("With nothing."));
  const behind = el("div", { class: "behind", tabindex: "-1" });
  return el("div", {}, el("ul", {}, ...found.map((pair) => el("li", {}, fill(
    button("", () => openCell(behind, split, pair.own, pair.answered, pair.n), { class: "plain" }), {},
    [label(pair.own), " → ", label(pair.answered), pair.total === null ? ` (${pair.n})` : ` (${pair.n} / ${countRows(pair.total)})`])))), behind);
}

function hardest(index) {
  const rows = rowsWhere((row) => has(data.rows.label[row], index) && data.rows.split[row] === 1 && isAnswered(row))
    .sort((a, b) => data.rows.loss[b] - data.rows.loss[a]).slice(0, 8);
  return rowList(rows, _("There is no such row among the rows of this page."));
}
