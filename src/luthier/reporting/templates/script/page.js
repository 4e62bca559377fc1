// What every part stands on: the data of the page, its sentences, and elements made of text only.

const data = JSON.parse(document.getElementById("data").textContent);
const SPLITS = ["train", "validation", "test"];

// A sentence in the language of the page, with its {names} filled in.
function _(sentence, values = {}) {
  const own = Object.hasOwn(data.sentences, sentence) ? data.sentences[sentence] : sentence;
  return own.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

// An element; strings become text nodes and never markup. Names that begin with "on" are listeners.
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function button(text, onclick, attributes = {}) {
  return el("button", { type: "button", onclick, ...attributes }, text);
}

function select(options, attributes) {
  return el("select", attributes, ...options.map(([value, text]) => el("option", { value }, text)));
}

// A text of the data: its own direction, and the language that decides the shapes of its characters.
function bdi(text, language) {
  return el("bdi", { lang: data.languages[language] || null }, text);
}

function label(index) {
  return index < 0 ? el("span", { class: "muted" }, _("none")) : bdi(data.labels[index], data.labelLanguages[index]);
}

function labelText(index) {
  return index < 0 ? _("none") : data.labels[index];
}

function titled(index) {
  const title = index < 0 ? "" : data.titles[index];
  if (!title || title === data.labels[index]) return label(index);
  return el("span", {}, label(index), " ", el("span", { class: "muted" }, title));
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function debounced(work, wait = 120) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}

// Work that has to be done again when a part gets another width or the theme changes.
function redrawn(element, draw) {
  let width = 0;
  new ResizeObserver(() => {
    const now = Math.round(element.clientWidth);
    if (now && now !== width) {
      width = now;
      draw();
    }
  }).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function reveal(element) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const place = element.getBoundingClientRect();
  if (place.top < 60 || place.top > innerHeight - 160) element.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  element.focus({ preventScroll: true });
}
