// The course of training: four small charts with one hover line, and marks where something happened.

const TOP = 22;
const BOTTOM = 22;
const LEFT = 44;
const RIGHT = 10;

function drawHistory(view) {
  const { steps, evaluations, marks } = data.history;
  const epochs = [...steps.epoch, ...evaluations.map((e) => e.epoch)];
  const end = Math.max(...epochs, 1e-9) * 1.02;
  const readout = el("p", { class: "readout", "aria-live": "polite" });
  const grid = el("div", { class: "charts" });
  const charts = panels().map((panel) => chart(panel, end, marks, hover));
  grid.append(...charts.map((one) => one.box));
  view.replaceChildren(grid, readout, legend(marks));
  function draw() {
    for (const one of charts) one.draw();
    rest();
  }
  function rest() {
    for (const one of charts) one.point(null);
    readout.textContent = _("Move over a chart, or use the arrow keys in it, to read its values.");
  }
  function hover(epoch) {
    if (epoch === null) return rest();
    for (const one of charts) one.point(epoch);
    readout.textContent = valuesAt(epoch);
  }
  redrawn(view, draw);
  draw();
}

function panels() {
  const { steps, evaluations } = data.history;
  const measured = (split, metric) => evaluations
    .filter((e) => metric in e[split]).map((e) => [e.epoch, e[split][metric]]);
  const along = (name) => steps.epoch.map((epoch, i) => [epoch, steps[name][i]]);
  const lines = (metric) => [
    { name: _("train"), kind: "train", points: measured("train", metric) },
    { name: _("validation"), kind: "validation", points: measured("validation", metric) },
  ];
  return [
    { title: data.kind === "number" ? _("Loss (squared error, per row)") : _("Loss (natural log, per row)"), lines: [{ name: _("train steps, smoothed"), kind: "steps", points: along("loss") }, ...lines("loss")], low: 0 },
    { title: data.history.title, lines: lines(data.history.metric), low: 0, high: 1 },
    { title: _("Learning rate"), lines: [{ name: _("learning rate"), kind: "steps", points: along("learning_rate") }], low: 0, small: true },
    { title: _("Gradient norm before clipping"), lines: [{ name: _("gradient norm"), kind: "steps", points: along("grad_norm") }], low: 0, small: true },
  ].filter((panel) => panel.lines.some((line) => line.points.length));
}

function chart(panel, end, marks, hover) {
  const height = panel.small ? 130 : 210;
  const picture = svg("svg", { role: "img", "aria-label": panel.title, tabindex: "0" });
  const keys = el("p", { class: "keys" }, el("strong", {}, panel.title),
    ...(panel.lines.length > 1 ? panel.lines.filter((l) => l.points.length).map((l) => el("span", { class: "key " + l.kind }, l.name)) : []));
  const box = el("div", { class: "chart" }, keys, picture);
  const values = panel.lines.flatMap((line) => line.points.map((p) => p[1]));
  const top = panel.high ?? (Math.max(...values, panel.low) * 1.06 || 1);
  let width = 0;
  const x = (epoch) => LEFT + (epoch / end) * (width - LEFT - RIGHT);
  const y = (value) => height - BOTTOM - ((value - panel.low) / (top - panel.low)) * (height - TOP - BOTTOM);
  const pointer = svg("line", { class: "pointer", y1: TOP, y2: height - BOTTOM, visibility: "hidden" });
  function draw() {
    width = box.clientWidth;
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("height", height);
    picture.replaceChildren(...axes(), ...marks.flatMap(mark), ...panel.lines.map(line), ...panel.lines.flatMap(dots), pointer);
  }
  function axes() {
    const levels = [0, 0.5, 1].map((part) => panel.low + part * (top - panel.low));
    const ticks = epochTicks(end, width);
    return [
      ...levels.map((v) => svg("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) })),
      ...levels.map((v) => svg("text", { class: "tick", x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, short(v))),
      ...ticks.map((e) => svg("text", { class: "tick", x: x(e), y: height - 6, "text-anchor": "middle" }, short(e))),
    ];
  }
  function line({ kind, points }) {
    return svg("polyline", { class: "line " + kind, points: points.map(([e, v]) => `${x(e).toFixed(1)},${y(Math.min(v, top)).toFixed(1)}`).join(" ") });
  }
  function dots({ kind, points }) {
    return kind === "steps" ? [] : points.map(([e, v]) => svg("circle", { class: "dot " + kind, cx: x(e), cy: y(v), r: 3 }));
  }
  function mark({ kind, epoch, finding }) {
    const at = x(epoch);
    const rule = svg("line", { class: "moment " + kind, x1: at, x2: at, y1: TOP, y2: height - BOTTOM });
    if (kind !== "finding") return [rule];
    return [rule, svg("text", { class: "moment-name", x: at, y: TOP - 6, "text-anchor": "middle" }, "◆" + (finding + 1))];
  }
  const toEpoch = (event) => {
    const at = event.clientX - picture.getBoundingClientRect().left;
    return Math.min(end, Math.max(0, ((at - LEFT) / (width - LEFT - RIGHT)) * end));
  };
  let cursor = -1;
  fill(picture, {
    onpointermove: (event) => hover(toEpoch(event)),
    onpointerleave: () => hover(null),
    onblur: () => hover(null),
    onkeydown: (event) => {
      const stops = data.history.evaluations.map((e) => e.epoch);
      if (!["ArrowLeft", "ArrowRight"].includes(event.key) || !stops.length) return;
      event.preventDefault();
      cursor = Math.min(stops.length - 1, Math.max(0, cursor + (event.key === "ArrowRight" ? 1 : -1)));
      hover(stops[cursor]);
    },
  }, []);
  function point(epoch) {
    pointer.setAttribute("visibility", epoch === null ? "hidden" : "visible");
    if (epoch !== null) fill(pointer, { x1: x(epoch), x2: x(epoch) }, []);
  }
  return { box, draw, point };
}

function epochTicks(end, width) {
  const most = Math.max(2, Math.floor(width / 70));
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].find((s) => end / s <= most) || end / most;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_unused, i) => i * step);
}

function nearest(epochs, epoch) {
  return epochs.reduce((best, e, i) => (Math.abs(e - epoch) < Math.abs(epochs[best] - epoch) ? i : best), 0);
}

function valuesAt(epoch) {
  const { steps, evaluations } = data.history;
  const parts = [];
  if (evaluations.length) {
    const found = evaluations[nearest(evaluations.map((e) => e.epoch), epoch)];
    const pair = (metric) => `${short(found.train[metric])} / ${short(found.validation[metric])}`;
    parts.push(_("epoch {epoch}", { epoch: short(found.epoch) }));
    parts.push(_("loss (train / validation) {values}", { values: pair("loss") }));
    parts.push(_("{metric} (train / validation) {values}", { metric: data.history.title, values: pair(data.history.metric) }));
  }
  if (steps.epoch.length) {
    const i = nearest(steps.epoch, epoch);
    parts.push(_("step loss {loss}, learning rate {rate}, gradient norm {norm} at epoch {epoch}", {
      loss: short(steps.loss[i]), rate: short(steps.learning_rate[i]), norm: short(steps.grad_norm[i]), epoch: short(steps.epoch[i]),
    }));
  }
  return parts.join(" · ");
}

function legend(marks) {
  const said = {
    best: (m) => _("best checkpoint: epoch {epoch}", { epoch: short(m.epoch) }),
    end: (m) => _("end: epoch {epoch}", { epoch: short(m.epoch) }),
    warning: (m) => _("warning at epoch {epoch}: {text}", { epoch: short(m.epoch), text: m.text }),
    finding: (m) => _("{title}, epoch {epoch}", { title: m.text, epoch: short(m.epoch) }),
  };
  return el("ul", { class: "marks" }, ...marks.map((m) => el("li", { class: m.kind },
    m.kind === "finding" ? el("a", { href: "#finding-" + (m.finding + 1) }, `◆${m.finding + 1} `, said[m.kind](m)) : said[m.kind](m))));
}
