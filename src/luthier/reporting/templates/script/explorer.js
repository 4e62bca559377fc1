// All rows: search, filter, sort, download what is shown; and the queue of suspect labels.

const FILTERS = {};
const CSV_COLUMNS = ["row_id", "place", "split", "label", "answer", "confidence", "loss", "text"];

function drawRows(view) {
  const anything = ["", _("any")];
  const labels = data.labels.map((_unused, i) => [String(i), labelText(i)]);
  const results = el("div");
  const count = el("p", { class: "readout", role: "status" });
  const add = (name, text, control) => {
    control.id = "filter-" + name;
    control.addEventListener("input", refresh);
    FILTERS[name] = control;
    return el("label", {}, el("span", {}, text), control);
  };
  const number = (value) => el("input", { type: "number", min: 0, max: 100, step: 1, value });
  const numbers = data.kind === "number";
  const worth = [["worth", _("worth reading first")], ["p", _("confidence, highest first")], ["-p", _("confidence, lowest first")], ["loss", _("loss, highest first")], ["id", _("place in the file")]];
  view.append(
    el("div", { class: "filters" },
      add("text", _("text contains"), el("input", { type: "search" })),
      add("split", _("split"), select([anything, ...splitsHere().map((s) => [s, splitName(s)])])),
      ...(numbers ? [] : [
        add("label", _("true label"), select([anything, ...labels])),
        add("answer", _("answered"), select([anything, ...labels])),
        add("verdict", _("answer is"), select([anything, ["wrong", _("wrong")], ["right", _("right")], ["none", _("not asked")]])),
      ]),
      add("finding", _("named by"), select([anything, ["suspect", _("labels that may be wrong")], ...data.findings.map((title, i) => [String(i), title])])),
      ...(numbers ? [] : [add("least", _("confidence from %"), number(0)), add("most", _("to %"), number(100))]),
      add("sort", _("sorted by"), select(numbers ? [worth[0], ["loss", _("error, largest first")], worth[4]] : worth))),
    el("div", { class: "tools" }, count, button(_("Clear filters"), () => setFilters({})), button(_("Download these rows as CSV"), () => download(chosen()))),
    results);
  const later = debounced(show);
  function refresh() {
    later();
  }
  function show() {
    const rows = chosen();
    count.textContent = _("{shown} of {all}", { shown: countRows(rows.length), all: countRows(data.rows.id.length) });
    results.replaceChildren(rowList(rows, _("No row fits these filters.")));
  }
  FILTERS.show = show;
  show();
}

function splitsHere() {
  return SPLITS.filter((_unused, i) => data.rows.split.includes(i));
}

let lowered = null;
function chosen() {
  const table = data.rows;
  lowered = lowered || table.text.map((text) => text.toLowerCase());
  const value = (name) => (FILTERS[name] ? FILTERS[name].value : "");
  const search = value("text").toLowerCase().trim();
  const [split, own, answer] = [SPLITS.indexOf(value("split")), value("label"), value("answer")];
  const [least, most] = [Number(value("least")) * 10, value("most") === "" ? 1000 : Number(value("most")) * 10];
  const sure = least > 0 || most < 1000;
  const rows = rowsWhere((row) => (!search || lowered[row].includes(search))
    && (split < 0 || table.split[row] === split)
    && (own === "" || has(table.label[row], Number(own)))
    && (answer === "" || has(table.answer[row], Number(answer)))
    && fitsVerdict(row, value("verdict")) && fitsFinding(row, value("finding"))
    && (!sure || (table.p[row] >= least && table.p[row] <= most)));
  return sorted(rows, value("sort"));
}

function fitsVerdict(row, verdict) {
  if (verdict === "") return true;
  if (verdict === "none") return !isAnswered(row);
  return isAnswered(row) && isRight(row) === (verdict === "right");
}

function fitsFinding(row, finding) {
  if (finding === "") return true;
  if (finding === "suspect") return row in data.rows.proposed;
  return (data.rows.found[row] || []).includes(Number(finding));
}

function sorted(rows, by) {
  if (by === "worth") return rows;
  const [column, sign] = by === "-p" ? ["p", 1] : by === "id" ? ["id", 1] : [by, -1];
  const values = data.rows[column];
  return rows.sort((a, b) => sign * (values[a] - values[b]));
}

// Filters by name; those not named are cleared. Shows the list.
function setFilters(values) {
  const rest = { text: "", split: "", label: "", answer: "", verdict: "", finding: "", least: "0", most: "100", sort: "worth" };
  for (const [name, value] of Object.entries({ ...rest, ...values })) if (FILTERS[name]) FILTERS[name].value = String(value);
  FILTERS.show();
  reveal(document.getElementById("rows-view"));
}

function download(rows) {
  const lines = [CSV_COLUMNS, ...rows.map(csvCells)].map((cells) => cells.map(csvCell).join(","));
  // the mark tells a spreadsheet that this is UTF-8
  const blob = new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" });
  const link = el("a", { href: URL.createObjectURL(blob), download: "rows_shown.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function csvCells(row) {
  const table = data.rows;
  const answered = isAnswered(row);
  return [
    table.id[row], place(row), SPLITS[table.split[row]] || "", cellInWords(table.label[row]),
    answered ? cellInWords(table.answer[row]) : "", answered && table.p[row] >= 0 ? (table.p[row] / 1000).toFixed(3) : "",
    answered && table.loss[row] >= 0 ? (data.kind === "number" ? String(table.loss[row]) : lossText(table.loss[row])) : "", table.text[row] + (shortened.has(row) ? "…" : ""),
  ];
}

// A label, labels with | between them, or a number.
function cellInWords(cell) {
  if (cell === null) return "";
  if (data.kind === "number") return String(cell);
  return Array.isArray(cell) ? cell.map((one) => data.labels[one]).join("|") : data.labels[cell] ?? "";
}

// A cell that a spreadsheet would compute gets an apostrophe before it.
function csvCell(value) {
  let text = String(value);
  if (/^[=+\-@＝＋－＠\t\r\n]/.test(text)) text = "'" + text;
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function drawRelabel(view) {
  const rows = [...data.rows.queue];
  view.append(rowList(rows, _("None of these rows is open in this page.")));
}

function findingLinks() {
  for (const place of document.querySelectorAll(".to-rows")) {
    place.append(button(_("Open in the list of rows"), () => setFilters({ finding: place.dataset.finding })));
  }
}
