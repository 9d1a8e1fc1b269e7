/** What is on screen as PNG, SVG, CSV and a page of its own; as bertmagic/display/attention/files.py writes them. */
import DESIGN from "../display/attention/design.json" with { type: "json" };
import { isOfLayers, plainName, short } from "./numbers.js";
import { paper } from "./palette.js";
import { PICTURES } from "./pictures.js";
import { CanvasSurface, SvgSurface, estimated, measured } from "./surface.js";

const { page: PAGE } = DESIGN;
const MOST_DOTS = 16000; // what canvases of all browsers have at most along a side

/** What is shown, in one line; `shownName` writes names of models and outputs. */
export function heading(view, shownName = String) {
  const { about, state } = view;
  const several = state.heads.length > 1 ? `, heads ${state.heads.join(", ")} (${state.combine})` : `, head ${state.heads[0]}`;
  const heads = isOfLayers(state.method) ? "" : several;
  const method = plainName(state.method);
  const parts = [shownName(about.model), `layer ${state.layer}${heads}`, method];
  if (state.method === "difference") parts[2] = `${method} from ${shownName(about.compared.with)}`;
  if (state.method === "gradient" && state.output) parts[2] = `${method}, towards ${shownName(state.output)}`;
  if (state.sentences !== "all") parts.push(state.sentences);
  if (state.merge_words) parts.push("whole words");
  if (state.hide_special) parts.push("no special tokens");
  return parts.join(" · ");
}

/** The view for a file: same state and theme, but the width of the window and the font of the page do not matter. */
function forFile(view, width) {
  const theme = paper(view.theme.dark);
  return { ...view, theme, width, hover: null, isFile: true, once: (_, make) => make() };
}

/** The chosen pictures side by side, as many as fit in a page's width. */
function placed(view) {
  const pictures = [];
  let [x, y, bottom] = [PAGE.margin, PAGE.pictures_y, PAGE.pictures_y];
  let width = Math.max(PAGE.least_width, PAGE.margin + view.width(short(heading(view), PAGE.heading_columns), PAGE.heading_size));
  for (const name of Object.keys(PICTURES).filter((one) => view.state.pictures.includes(one))) {
    const picture = PICTURES[name](view);
    if (!picture) continue;
    if (x > PAGE.margin && x + picture.width > PAGE.wrap) [x, y] = [PAGE.margin, bottom + PAGE.margin];
    pictures.push({ picture, x, y });
    width = Math.max(width, x + picture.width);
    x += picture.width + PAGE.margin;
    bottom = Math.max(bottom, y + picture.height);
  }
  return { pictures, width: width + PAGE.margin, height: bottom + PAGE.margin };
}

/** A surface whose origin is at (x, y) of another. */
class MovedSurface {
  constructor(surface, x, y) {
    Object.assign(this, { surface, x, y });
  }

  rect(x, y, ...more) { this.surface.rect(x + this.x, y + this.y, ...more); }
  frame(x, y, ...more) { this.surface.frame(x + this.x, y + this.y, ...more); }
  write(x, y, ...more) { this.surface.write(x + this.x, y + this.y, ...more); }
  image(x, y, ...more) { this.surface.image(x + this.x, y + this.y, ...more); }
  line(x1, y1, x2, y2, ...more) { this.surface.line(x1 + this.x, y1 + this.y, x2 + this.x, y2 + this.y, ...more); }
}

function compose(view, layout, surface) {
  const title = heading(view);
  surface.rect(0, 0, layout.width, layout.height, view.theme.back);
  const style = { colour: view.theme.text, size: PAGE.heading_size, bold: true, full: title };
  surface.write(PAGE.margin, PAGE.heading_y, short(title, PAGE.heading_columns), style);
  for (const { picture, x, y } of layout.pictures) picture.draw(new MovedSurface(surface, x, y));
}

export function toSvg(view) {
  const file = forFile(view, estimated);
  const layout = placed(file);
  const surface = new SvgSurface(layout.width, layout.height, heading(view));
  compose(file, layout, surface);
  return new Blob([surface.text()], { type: "image/svg+xml" });
}

export function toPng(view) {
  const file = forFile(view, measured(DESIGN.font.family));
  const layout = placed(file);
  const canvas = document.createElement("canvas");
  const ratio = Math.min(2, MOST_DOTS / layout.height);
  [canvas.width, canvas.height] = [layout.width * ratio, layout.height * ratio];
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  compose(file, layout, new CanvasSurface(context, file.theme.font));
  return new Promise((done) => { canvas.toBlob(done, "image/png"); });
}

/** A cell that no spreadsheet computes. */
function cell(value) {
  const text = value && DESIGN.formula_starts.includes(value[0]) ? `'${value}` : value;
  return /["\n\r,]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(view) {
  const { shown } = view;
  const names = (list) => list.map((unit) => cell(unit.text));
  const lines = [["", ...names(shown.columns)].join(",")];
  names(shown.rows).forEach((name, at) => {
    const numbers = shown.matrix.subarray(at * shown.columns.length, (at + 1) * shown.columns.length);
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

/** What the kernel has sent, for a page without one. */
function packed(view) {
  const { results } = view.store;
  const each = (map, pack) => Object.fromEntries([...map].map(([key, value]) => [key, pack(value)]));
  const bytes = ({ bytes: data, ...header }) => [header, base64(data)];
  return {
    about: { ...view.about, script: undefined, style: undefined, statistics: view.statistics, sideBySide: view.sideBySide },
    state: view.state,
    thumbnails: each(results.thumbnails, bytes),
    picture: each(results.picture, bytes),
    exact: each(results.exact, raw),
    detail: each(results.detail, ({ rows, ...header }) => [header, rows.map(raw)]),
  };
}

/** A page that needs neither kernel nor network; the same as bertmagic/widgets/page.py writes. */
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
  add(page.head, "meta", "", { "http-equiv": "Content-Security-Policy", content: DESIGN.page_policy });
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
