/** Exactly what is on screen, as PNG, SVG, CSV and a page of its own. */
import { isolated, plainName } from "./numbers.js";
import { PICTURES } from "./pictures.js";
import { CanvasSurface, SvgSurface } from "./surface.js";

const SPACE = 18;
const FORMULA = /^[=+\-@'\t\r\n＝＋－＠]/;

/** What is shown, in one line. */
export function heading(view) {
  const { about, state } = view;
  const heads = state.heads.length > 1 ? `heads ${state.heads.join(", ")} (${state.combine})` : `head ${state.heads[0]}`;
  const method = plainName(state.method);
  const parts = [isolated(about.model), `layer ${state.layer}, ${heads}`, method];
  if (state.method === "difference") parts[2] = `${method} from ${isolated(about.compared.with)}`;
  if (state.method === "gradient" && state.output) parts[2] = `${method}, towards ${isolated(state.output)}`;
  if (state.sentences !== "all") parts.push(state.sentences);
  if (state.merge_words) parts.push("whole words");
  if (state.hide_special) parts.push("no special tokens");
  return parts.join(" · ");
}

/** The pictures that are on, placed as on a page: beside each other as far as there is room. */
function placed(view) {
  const out = [];
  let [x, y, low, width] = [SPACE, 40, 40, 320];
  for (const name of Object.keys(PICTURES).filter((one) => view.state.pictures.includes(one))) {
    const picture = PICTURES[name](view);
    if (!picture) continue;
    if (x > SPACE && x + picture.width > 1100) [x, y] = [SPACE, low + SPACE];
    out.push({ picture, x, y });
    x += picture.width + SPACE;
    low = Math.max(low, y + picture.height);
    width = Math.max(width, x);
  }
  return { out, width, height: low + SPACE };
}

class Shifted {
  constructor(surface, x, y) {
    Object.assign(this, { surface, x, y });
  }

  rect(x, y, ...more) { this.surface.rect(x + this.x, y + this.y, ...more); }
  frame(x, y, ...more) { this.surface.frame(x + this.x, y + this.y, ...more); }
  words(x, y, ...more) { this.surface.words(x + this.x, y + this.y, ...more); }
  image(x, y, ...more) { this.surface.image(x + this.x, y + this.y, ...more); }
  line(x1, y1, x2, y2, ...more) { this.surface.line(x1 + this.x, y1 + this.y, x2 + this.x, y2 + this.y, ...more); }
}

function compose(view, layout, surface) {
  surface.rect(0, 0, layout.width, layout.height, view.theme.back);
  surface.words(SPACE, 24, heading(view), { colour: view.theme.text, size: 14, bold: true });
  for (const { picture, x, y } of layout.out) picture.draw(new Shifted(surface, x, y));
}

export function toSvg(view) {
  const layout = placed(view);
  const surface = new SvgSurface(layout.width, layout.height, heading(view));
  compose(view, layout, surface);
  return new Blob([surface.text()], { type: "image/svg+xml" });
}

export function toPng(view) {
  const layout = placed(view);
  const canvas = document.createElement("canvas");
  const ratio = Math.min(2, 16000 / layout.height);
  [canvas.width, canvas.height] = [layout.width * ratio, layout.height * ratio];
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  compose(view, layout, new CanvasSurface(context, view.theme.font));
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

/** A cell that no spreadsheet computes; the rule is that of bertmagic/display/attention/files.py. */
function cell(value) {
  const kept = FORMULA.test(value) ? `'${value}` : value;
  return /["\n\r,]/.test(kept) || kept !== kept.trim() ? `"${kept.replaceAll('"', '""')}"` : kept;
}

export function toCsv(view) {
  const { found } = view;
  const names = (list) => list.map((unit) => cell(unit.text));
  const lines = [["", ...names(found.columns)].join(",")];
  names(found.rows).forEach((name, at) => {
    const numbers = found.matrix.subarray(at * found.columns.length, (at + 1) * found.columns.length);
    lines.push([name, ...Array.from(numbers, (value) => String(Number(value.toPrecision(9))))].join(","));
  });
  return new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" });
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

const raw = (floats) => base64(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));

/** What has come from the kernel, for a page that has none. */
function packed(view) {
  const { held } = view.store;
  const each = (map, pack) => Object.fromEntries([...map].map(([key, value]) => [key, pack(value)]));
  const bytes = ({ bytes: data, ...header }) => [header, base64(data)];
  return {
    about: { ...view.about, script: undefined, style: undefined, statistics: view.statistics, sideBySide: view.sideBySide },
    state: view.state,
    thumbnails: each(held.thumbnails, bytes),
    picture: each(held.picture, bytes),
    exact: each(held.exact, raw),
    detail: each(held.detail, ({ rows, ...header }) => [header, rows.map(raw)]),
  };
}

/** A page that needs neither kernel nor network; the same as Python writes. */
export function toHtml(view, script, style) {
  const data = JSON.stringify(packed(view)).replaceAll("<", "\\u003c");
  const page = document.implementation.createHTMLDocument(heading(view));
  const add = (where, tag, text, marks = {}) => {
    const node = page.createElement(tag);
    for (const [name, value] of Object.entries(marks)) node.setAttribute(name, value);
    node.textContent = text;
    where.append(node);
  };
  add(page.head, "meta", "", { charset: "utf-8" });
  add(page.head, "meta", "", { "http-equiv": "Content-Security-Policy", content: "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:" });
  add(page.head, "style", style);
  add(page.body, "main", "", { class: "bm-page" });
  add(page.body, "script", data, { type: "application/json", id: "maps" });
  add(page.body, "script", `${script}\nopenPage(document.querySelector(".bm-page"), JSON.parse(document.getElementById("maps").textContent));`, { type: "module" });
  return new Blob([`<!doctype html>${page.documentElement.outerHTML}`], { type: "text/html" });
}

/** Hand a file to the browser. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
