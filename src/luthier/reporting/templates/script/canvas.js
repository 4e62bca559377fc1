// The confusion matrix of many labels: a map to zoom and drag, with a cursor for the keyboard.

const ZOOMS = [1, 2, 4, 8, 16];
const NAMED_FROM = 11; // pixels a cell needs before its label can be read

function matrixMap(matrix, open) {
  const canvas = el("canvas", {
    tabindex: "0", role: "application",
    "aria-label": _("Confusion matrix of {n} labels. Arrow keys move, Enter opens a cell, plus and minus zoom.", { n: matrix.order.length }),
  });
  const said = el("p", { class: "readout", "aria-live": "polite" }, _("Point at a cell to read it."));
  const box = el("div", { class: "map" }, tools(), canvas, said);
  const view = { zoom: 0, left: 0, top: 0, row: 0, column: 0, moved: false };
  const size = matrix.order.length;
  let [width, margin] = [0, 0];

  // the names take room only where they can be read
  const room = (zoom) => {
    const named = width > 560 ? 150 : 92;
    return ((width - named) / size) * ZOOMS[zoom] >= NAMED_FROM ? named : 24;
  };
  const cell = () => ((width - margin) / size) * ZOOMS[view.zoom];
  const clamp = (value) => Math.min(Math.max(0, size * cell() - (width - margin)), Math.max(0, value));

  function tools() {
    return el("div", { class: "tools" },
      button("+", () => zoom(1), { "aria-label": _("Zoom in") }),
      button("−", () => zoom(-1), { "aria-label": _("Zoom out") }),
      button(_("Whole matrix"), () => zoom(-ZOOMS.length)));
  }
  function zoom(by, x = (width + margin) / 2, y = (width + margin) / 2) {
    const [column, row] = [(x - margin + view.left) / cell(), (y - margin + view.top) / cell()];
    view.zoom = Math.min(ZOOMS.length - 1, Math.max(0, view.zoom + by));
    margin = room(view.zoom);
    view.left = clamp(column * cell() - (x - margin));
    view.top = clamp(row * cell() - (y - margin));
    draw();
  }
  function draw() {
    width = Math.min(box.clientWidth, 860);
    if (!width) return;
    margin = room(view.zoom);
    const scale = devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(width * scale);
    canvas.style.width = canvas.style.height = width + "px";
    canvas.style.touchAction = view.zoom ? "none" : "pan-y";
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    paint(pen);
  }
  function paint(pen) {
    const side = cell();
    const ink = { hit: colour("--hit"), miss: colour("--miss"), rule: colour("--rule"), text: colour("--ink"), muted: colour("--muted"), cursor: colour("--link") };
    pen.fillStyle = colour("--panel");
    pen.fillRect(margin, margin, width - margin, width - margin);
    pen.save();
    pen.beginPath();
    pen.rect(margin, margin, width - margin, width - margin);
    pen.clip();
    const first = (offset) => Math.max(0, Math.floor(offset / side));
    const last = (offset) => Math.min(size - 1, Math.floor((offset + width - margin) / side));
    for (let row = first(view.top); row <= last(view.top); row++) {
      for (let column = first(view.left); column <= last(view.left); column++) {
        const [i, j] = [matrix.order[row], matrix.order[column]];
        const share = matrix.share(i, j);
        if (!share) continue;
        pen.globalAlpha = 0.12 + 0.88 * Math.sqrt(share);
        pen.fillStyle = i === j ? ink.hit : ink.miss;
        pen.fillRect(margin + column * side - view.left, margin + row * side - view.top, Math.max(1, side - 0.5), Math.max(1, side - 0.5));
        pen.globalAlpha = 1;
        if (side >= 22) number(pen, matrix.count(i, j), row, column, side, share);
      }
    }
    pen.strokeStyle = ink.cursor;
    pen.lineWidth = 2;
    pen.strokeRect(margin + view.column * side - view.left, margin + view.row * side - view.top, side, side);
    pen.restore();
    names(pen, ink, side);
  }
  function number(pen, count, row, column, side, share) {
    pen.fillStyle = share > 0.25 ? colour("--paper") : colour("--ink");
    pen.font = "11px " + colour("--latin");
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(String(count), margin + (column + 0.5) * side - view.left, margin + (row + 0.5) * side - view.top);
  }
  function names(pen, ink, side) {
    pen.fillStyle = ink.muted;
    pen.font = "12px " + getComputedStyle(document.body).fontFamily;
    pen.textBaseline = "middle";
    if (side < NAMED_FROM) {
      written(pen, _("answered"), margin, margin - 10, 0, "left", width);
      written(pen, _("true label"), margin - 12, margin, Math.PI / 2, "left", width);
      return;
    }
    pen.fillStyle = ink.text;
    pen.font = `${Math.min(12, side)}px ${getComputedStyle(document.body).fontFamily}`;
    for (let at = 0; at < size; at++) {
      const name = labelText(matrix.labels[matrix.order[at]]);
      const [x, y] = [margin + (at + 0.5) * side - view.left, margin + (at + 0.5) * side - view.top];
      if (y > margin && y < width) written(pen, name, margin - 6, y, 0, "right", margin - 12);
      if (x > margin && x < width) written(pen, name, x, margin - 6, Math.PI / 2, "right", margin - 12);
    }
  }
  function written(pen, name, x, y, turn, align, most) {
    pen.save();
    pen.translate(x, y);
    pen.rotate(turn);
    pen.textAlign = align;
    pen.fillText(fitting(pen, name, most), 0, 0);
    pen.restore();
  }
  function at(event) {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - margin + view.left) / cell());
    const row = Math.floor((event.clientY - box.top - margin + view.top) / cell());
    const inside = event.clientX - box.left >= margin && event.clientY - box.top >= margin;
    return inside && row >= 0 && row < size && column >= 0 && column < size ? [row, column] : null;
  }
  function say() {
    said.textContent = cellText(matrix, matrix.order[view.row], matrix.order[view.column]);
  }
  function goTo(row, column) {
    [view.row, view.column] = [row, column];
    const side = cell();
    const into = (offset, place) => clamp(Math.min(place * side, Math.max(offset, (place + 1) * side - (width - margin))));
    [view.left, view.top] = [into(view.left, column), into(view.top, row)];
    say();
    draw();
  }
  function key(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step) goTo(Math.min(size - 1, Math.max(0, view.row + step[0])), Math.min(size - 1, Math.max(0, view.column + step[1])));
    else if (event.key === "Enter" || event.key === " ") open(matrix.order[view.row], matrix.order[view.column]);
    else if (event.key === "+" || event.key === "=") zoom(1);
    else if (event.key === "-") zoom(-1);
    else return;
    event.preventDefault();
  }
  let held = null;
  fill(canvas, {
    onkeydown: key,
    onpointerdown: (event) => {
      held = { x: event.clientX, y: event.clientY, left: view.left, top: view.top };
      view.moved = false;
    },
    onpointermove: (event) => {
      if (held && view.zoom && Math.hypot(event.clientX - held.x, event.clientY - held.y) > 4) {
        view.moved = true;
        view.left = clamp(held.left - (event.clientX - held.x));
        view.top = clamp(held.top - (event.clientY - held.y));
        return draw();
      }
      const found = at(event);
      if (!found || held) return;
      [view.row, view.column] = found;
      say();
      draw();
    },
    onpointerup: (event) => {
      held = null;
      const found = at(event);
      if (view.moved || !found) return;
      [view.row, view.column] = found;
      say();
      draw();
      open(matrix.order[view.row], matrix.order[view.column]);
    },
    onpointercancel: () => (held = null),
    ondblclick: (event) => zoom(1, event.offsetX, event.offsetY),
    onwheel: (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1 : -1, event.offsetX, event.offsetY);
    },
  }, []);
  redrawn(box, draw);
  document.fonts.ready.then(draw);
  document.fonts.addEventListener("loadingdone", draw);
  return box;
}

// A name that is no wider than it may be; the middle is left out, as labels begin and end alike.
function fitting(pen, name, most) {
  if (pen.measureText(name).width <= most) return name;
  let keep = name.length - 1;
  const cut = () => name.slice(0, Math.ceil(keep / 2)) + "…" + name.slice(name.length - Math.floor(keep / 2));
  while (keep > 2 && pen.measureText(cut()).width > most) keep--;
  return cut();
}
