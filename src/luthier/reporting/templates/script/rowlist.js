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
  return el("li", { class: !isAnswered(row) ? "open" : isRight(row) ? "right" : "wrong" },
    el("p", {}, text),
    el("p", { class: "labels" }, ...labelsOf(row)),
    el("p", { class: "facts" }, factsOf(row)),
    ...saidOf(row));
}

function labelsOf(row) {
  const own = label(data.rows.label[row]);
  if (!isAnswered(row)) return [own];
  if (isRight(row)) return [own, el("span", { class: "mark" }, " ✓ " + _("right"))];
  return [own, " → ", label(data.rows.answer[row]), el("span", { class: "mark" }, " ✗ " + _("wrong"))];
}

function factsOf(row) {
  const table = data.rows;
  const parts = [];
  if (isAnswered(row)) {
    parts.push(_("confidence {p}", { p: share(table.p[row]) }));
    if (!isRight(row)) parts.push(_("label got {p}", { p: share(table.pl[row]) }));
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
      _("label may be wrong: rather {label}? ({score}) {reason}", { label: proposed[0], score: proposed[1], reason: proposed[2] })));
  }
  return said.length ? [el("p", { class: "chips" }, ...said)] : [];
}
