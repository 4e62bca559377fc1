// The confusion matrix as a door: choose split and order, click a cell, read its rows.

function drawConfusion(view) {
  const splits = ["validation", "test"].filter((split) => split in data.matrices);
  const many = data.matrices[splits[0]].labels.length > TABLE_UP_TO;
  const state = { split: splits[0], clustered: many };
  const stage = el("div", { class: "stage" });
  const behind = el("div", { class: "behind", tabindex: "-1", "aria-live": "polite" });
  const tabs = splits.map((split) => button(_("{split} rows", { split: splitName(split) }), () => {
    state.split = split;
    draw();
  }));
  const order = el("input", { type: "checkbox", id: "clustered", onchange: () => {
    state.clustered = order.checked;
    draw();
  } });
  order.checked = state.clustered;
  function draw() {
    tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", String(splits[i] === state.split)));
    const matrix = readMatrix(state.split, state.clustered);
    const open = (i, j) => openCell(behind, state.split, matrix.labels[i], matrix.labels[j], matrix.count(i, j));
    stage.replaceChildren(matrix.order.length > TABLE_UP_TO ? matrixMap(matrix, open) : matrixTable(matrix, open));
  }
  view.append(
    el("div", { class: "tools" }, ...tabs, el("label", { for: "clustered" }, order, " ", _("labels that are mixed up side by side"))),
    el("div", { class: "door" }, el("div", { class: "matrix-side" }, stage,
      el("p", { class: "muted" }, data.kind === "set"
        ? _("Blue: the label was rightly given. Orange: the label of the line is missing and that of the column wrongly given; a row counts in each cell that is true of it.")
        : _("Blue: right; orange: wrong. The deeper, the larger the share of the true label (root scale)."))), behind));
  draw();
  listedMixups(behind);
}

// The mix-ups listed by the page become buttons that open their cell.
function listedMixups(behind) {
  for (const item of document.querySelectorAll("ol.mixups li")) {
    const [own, answered] = [data.labels.indexOf(item.dataset.true), data.labels.indexOf(item.dataset.answered)];
    const split = item.parentNode.dataset.split;
    const name = button("", () => openCell(behind, split, own, answered, null), { class: "plain" });
    name.append(...item.childNodes);
    item.append(name);
  }
}

function openCell(behind, split, own, answered, count) {
  const head = el("h3", {}, label(own), own === answered ? " ✓" : el("span", {}, " → ", label(answered)));
  const pair = data.dossiers.findIndex((labels) => own !== answered && labels.includes(own) && labels.includes(answered));
  const why = pair < 0 ? null : el("p", {}, el("a", { href: "#pair-" + (pair + 1), onclick: () => openDossier(pair) }, _("Why these two are mixed up")));
  behind.replaceChildren(head, ...[why].filter(Boolean), ...cellRows(split, own, answered, count));
  reveal(behind);
}

function cellRows(split, own, answered, count) {
  if (!data.rows) return [el("p", { class: "muted" }, _("No texts are shown: the data file was not read for this report."))];
  const of = (name) => rowsWhere((row) => data.rows.split[row] === SPLITS.indexOf(name)
    && isAnswered(row) && inCell(row, own, answered));
  const closed = split === "test" && data.closed;
  const notes = closed
    ? [el("p", { class: "muted" }, _("These are {n} test rows, which stay closed: reading them would be a look at the test set. Below are the validation rows of the same cell.", { n: count ?? "" })),
      el("p", { class: "muted" }, _("To open them, which is a look at the test set and is written down:"), " ", el("code", {}, data.openCommand))]
    : [];
  const rows = byConfidence(of(closed ? "validation" : split));
  const all = button(_("Open in the list of rows"), () => setFilters({ split: closed ? "validation" : split, label: own < 0 ? "" : own, answer: answered < 0 ? "" : answered }));
  return [...notes, rowList(rows, _("There is no such row among the rows of this page.")), rows.length ? all : null].filter(Boolean);
}

// Whether a row counts in a cell; of several labels: missing `own`, wrongly given `answered`.
function inCell(row, own, answered) {
  const [label, answer] = [data.rows.label[row], data.rows.answer[row]];
  if (data.kind !== "set") return label === own && answer === answered;
  if (label === null) return false;
  const missing = label.filter((one) => !answer.includes(one));
  const given = answer.filter((one) => !label.includes(one));
  if (own === answered) return label.includes(own) && answer.includes(own);
  return (own < 0 ? !missing.length : missing.includes(own)) && (answered < 0 ? !given.length : given.includes(answered));
}

function rowsWhere(test) {
  const found = [];
  if (data.rows) for (let row = 0; row < data.rows.id.length; row++) if (test(row)) found.push(row);
  return found;
}

function byConfidence(rows) {
  return rows.sort((a, b) => data.rows.p[b] - data.rows.p[a]);
}

function openDossier(pair) {
  document.getElementById("pair-" + (pair + 1)).open = true;
}
