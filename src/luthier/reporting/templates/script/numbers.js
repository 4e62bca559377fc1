// Answers of a model that estimates a number: a plot whose dots are rows, and rows by their errors.

const DOTS = 1500;
const PLOT = { width: 560, height: 420, left: 56, bottom: 40, top: 12, right: 12 };

function drawNumbers(view) {
  const behind = el("div", { class: "behind", tabindex: "0", "aria-live": "polite" });
  const rows = byError(rowsWhere((row) => data.rows.split[row] === 1 && isAnswered(row) && data.rows.label[row] !== null));
  if (rows.length) view.append(el("div", { class: "door" }, el("div", { class: "matrix-side" }, numbersPlot(rows, behind),
    el("p", { class: "muted" }, _("Each dot is a validation row; on the line the answer is the truth. Choose a dot to read its row."))), behind));
  behind.append(el("h3", {}, _("Largest errors, {split} rows", { split: splitName("validation") })), rowList(rows, _("There is no such row among the rows of this page.")));
  for (const head of document.querySelectorAll("#answers th[data-low]")) {
    const { split, low, high } = head.dataset;
    const name = button(head.textContent, () => openPart(behind, split, Number(low), Number(high)), { class: "plain" });
    head.replaceChildren(name);
  }
  if (!rows.length) view.append(behind);
}

function byError(rows) {
  return rows.sort((a, b) => data.rows.loss[b] - data.rows.loss[a]);
}

function openPart(behind, split, low, high) {
  const rows = byError(rowsWhere((row) => data.rows.split[row] === SPLITS.indexOf(split) && isAnswered(row)
    && data.rows.label[row] >= low && data.rows.label[row] <= high));
  const closed = split === "test" && data.closed;
  behind.replaceChildren(el("h3", {}, `${short(low)} – ${short(high)}`),
    rowList(rows, closed ? _("These test rows stay closed: reading them would be a look at the test set.") : _("There is no such row among the rows of this page.")));
  reveal(behind);
}

function numbersPlot(rows, behind) {
  const shown = rows.filter((_unused, i) => i % Math.ceil(rows.length / DOTS) === 0);
  const values = shown.flatMap((row) => [data.rows.label[row], data.rows.answer[row]]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const x = (value) => PLOT.left + ((value - low) / span) * (PLOT.width - PLOT.left - PLOT.right);
  const y = (value) => PLOT.height - PLOT.bottom - ((value - low) / span) * (PLOT.height - PLOT.bottom - PLOT.top);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => low + part * span);
  const open = (row) => {
    behind.replaceChildren(rowList([row], ""));
    reveal(behind);
  };
  return svg("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img", class: "dots",
    "aria-label": _("Answers against the truth, {n} validation rows. The same rows stand beside it, largest errors first.", { n: shown.length }) },
    ...ticks.flatMap((tick) => [
      svg("line", { class: "rule", x1: x(low), x2: x(high), y1: y(tick), y2: y(tick) }),
      svg("text", { x: PLOT.left - 6, y: y(tick) + 4, "text-anchor": "end" }, short(tick)),
      svg("text", { x: x(tick), y: PLOT.height - PLOT.bottom + 16, "text-anchor": "middle" }, short(tick)),
    ]),
    svg("line", { class: "truth", x1: x(low), y1: y(low), x2: x(high), y2: y(high) }),
    svg("text", { x: (PLOT.left + PLOT.width) / 2, y: PLOT.height - 6, "text-anchor": "middle" }, _("true number")),
    svg("text", { x: 12, y: PLOT.height / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${PLOT.height / 2})` }, _("answered")),
    ...shown.map((row) => svg("circle", { cx: x(data.rows.label[row]).toFixed(1), cy: y(data.rows.answer[row]).toFixed(1), r: 4, onclick: () => open(row) },
      svg("title", {}, numberText(row)))));
}

function numberText(row) {
  return _("{truth} answered {answer}", { truth: short(data.rows.label[row]), answer: short(data.rows.answer[row]) });
}
