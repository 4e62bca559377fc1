// Numbers and rows in words.

function share(thousandths) {
  return thousandths < 0 ? "–" : (thousandths / 1000).toFixed(2);
}

function lossText(hundredths) {
  return hundredths < 0 ? "–" : (hundredths / 100).toFixed(2);
}

function countRows(n) {
  return n === 1 ? _("1 row") : _("{n} rows", { n: n.toLocaleString("en") });
}

function short(value) {
  if (value === null || value === undefined) return "–";
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}


function place(row) {
  return data.rows.files[data.rows.file[row]] + ":" + data.rows.line[row];
}

function splitText(row) {
  return data.rows.split[row] < 0 ? "" : splitName(SPLITS[data.rows.split[row]]);
}

function splitName(split) {
  return { train: _("train"), validation: _("validation"), test: _("test"), "cross-validation": _("cross-validation") }[split];
}

function isAnswered(row) {
  const answer = data.rows.answer[row];
  return data.kind === "label" ? answer >= 0 : answer !== null;
}

// Of numbers none is right or wrong.
function isRight(row) {
  const [own, answer] = [data.rows.label[row], data.rows.answer[row]];
  if (data.kind !== "set") return own === answer;
  return own !== null && own.length === answer.length && own.every((one) => answer.includes(one));
}

function has(cell, index) {
  return Array.isArray(cell) ? cell.includes(index) : cell === index;
}
