// A list of rows, some at a time: text, labels, confidence, loss, where it stands, what is said of it.

const ROWS_AT_A_TIME = 25;
const shortened = new Set(data.rows ? data.rows.cut : []);

function rowList(rows, empty) {
  if (!rows.length) return el("p", { class: "muted" }, empty);
  const list = el("ul", { class: "rowlist" });
  const box = el("div", {}, list);
  const more = button("", show);
  let shown = 0;
  function show() {
    list.append(...rows.slice(shown, shown + ROWS_AT_A_TIME).map(rowItem));
    shown = Math.min(rows.length, shown + ROWS_AT_A_TIME);
    if (shown >= rows.length) more.remove();
    else {
      more.textContent = _("Show more ({shown} of {n})", { shown, n: rows.length.toLocaleString("en") });
      box.append(more);
    }
  }
  show();
  return box;
}

function rowItem(row) {
  const table = data.rows;
  const text = bdi(table.text[row] + (shortened.has(row) ? "…" : ""), table.lang[row]);
  const open = !isAnswered(row) || data.kind === "number";
  return el("li", { class: open ? "open" : isRight(row) ? "right" : "wrong" },
    el("p", {}, text),
    el("p", { class: "labels" }, ...labelsOf(row)),
    el("p", { class: "facts" }, factsOf(row)),
    ...saidOf(row));
}

function labelsOf(row) {
  if (data.kind === "number") return [isAnswered(row) ? numberText(row) : short(data.rows.label[row])];
  if (data.kind === "set") return setOf(row);
  const own = label(data.rows.label[row]);
  if (!isAnswered(row)) return [own];
  if (isRight(row)) return [own, el("span", { class: "mark" }, " ✓ " + _("right"))];
  return [own, " → ", label(data.rows.answer[row]), el("span", { class: "mark" }, " ✗ " + _("wrong"))];
}

// Labels rightly given first, then those that are missing, then those wrongly given.
function setOf(row) {
  const own = data.rows.label[row] || [];
  const answer = data.rows.answer[row];
  const list = (labels) => labels.flatMap((one, i) => [i ? ", " : "", label(one)]);
  if (answer === null) return own.length ? list(own) : [label(-1)];
  const marked = (labels, mark, said) => (labels.length ? [el("span", { class: "part" }, ...list(labels), el("span", { class: mark === "✓" ? "mark right" : "mark" }, ` ${mark} ` + said), " ")] : []);
  if (isRight(row) && !own.length) return [label(-1), el("span", { class: "mark" }, " ✓ " + _("right"))];
  return [
    ...marked(own.filter((one) => answer.includes(one)), "✓", _("right")),
    ...marked(own.filter((one) => !answer.includes(one)), "✗", _("missing")),
    ...marked(answer.filter((one) => !own.includes(one)), "✗", _("wrongly given")),
  ];
}

function factsOf(row) {
  const table = data.rows;
  const parts = [];
  if (isAnswered(row) && data.kind === "number") {
    if (table.loss[row] >= 0) parts.push(_("error {error}", { error: short(table.loss[row]) }));
  } else if (isAnswered(row)) {
    parts.push(data.kind === "set" ? _("least sure label {p}", { p: share(table.p[row]) }) : _("confidence {p}", { p: share(table.p[row]) }));
    if (data.kind === "label" && !isRight(row)) parts.push(_("label got {p}", { p: share(table.pl[row]) }));
    parts.push(_("loss {loss}", { loss: lossText(table.loss[row]) }));
  }
  parts.push(splitText(row), place(row));
  return parts.filter(Boolean).join(" · ");
}

function saidOf(row) {
  const said = (data.rows.found[row] || []).map((number) =>
    el("a", { class: "chip", href: "#finding-" + (number + 1) }, data.findings[number]));
  const proposed = data.rows.proposed[row];
  if (proposed) {
    said.push(el("span", { class: "chip suspect" },
      _("label may be wrong: rather {label}? (doubt {score}) {reason}", { label: proposed[0], score: proposed[1], reason: proposed[2] })));
  }
  return said.length ? [el("p", { class: "chips" }, ...said)] : [];
}
