/** The attention view: draws the state of the widget, which Python and this page share. */
import { buttons, controls } from "./controls.js";
import { element } from "./element.js";
import { heading, save, toCsv, toHtml, toPng, toSvg } from "./export.js";
import { formula } from "./formula.js";
import { keepKeys } from "./keys.js";
import { dequantised, isOfLayers, isolated, shownMatrix } from "./numbers.js";
import { theme } from "./palette.js";
import { chooseHeads, pane, pointAtTokens } from "./pane.js";
import { focus, grid, heatMap, lines, runningText } from "./pictures.js";
import { headTable, isLate, predicted, ranking, status, tooltip, weightList } from "./readings.js";
import { keyOf, methodOf, store } from "./store.js";
import { measured } from "./surface.js";

const NAMES = ["layer", "heads", "combine", "method", "output", "statistic", "order", "sentences", "hide_special", "merge_words", "direction", "pinned", "top", "threshold", "scale", "find", "pictures"];
const CACHED = 60; // results of `once`
const WIDE_FROM = 720; // CSS pixels from which grid and pictures stand side by side
const OWN_KEYS = /^(Arrow\w+|Page\w+|Home|End|Enter|Escape| )$/;

/**
 * What all parts of the view share.
 * @typedef {object} View
 * @property {object} about the description of the maps that Python sends
 * @property {object} state the widget's traits; `set` is the only way to change them
 * @property {Object<string, (number|null)[]>} statistics a list for each statistic, with a number for each head
 * @property {ShownMatrix | null} shown the matrix on screen
 * @property {boolean} exact whether its numbers are exact, or read from bytes
 * @property {string} drawn the key of its map
 * @property {Set<Unit>} marked the units that contain the text to find
 * @property {{forward: boolean, at: number, cell?: number[]} | null} hover the token under the pointer
 * @property {Theme} theme
 * @property {number} across the width of the view, and `room` that of lines or heat map, in CSS pixels
 * @property {(text: string, size: number) => number} width the width of a text in CSS pixels
 * @property {(key: string, make: () => any) => any} once the result of `make`, computed once for a key
 */

/** @returns {View} */
function createView(model, signal) {
  const cache = new Map();
  const view = {
    about: { ...model.get("_about") },
    signal,
    root: element("div", { class: "bm-attention", role: "group", "aria-label": "Attention view" }),
    state: Object.fromEntries(NAMES.map((name) => [name, model.get(name)])),
    statistics: {}, sideBySide: null, thumbnails: null,
    shown: null, exact: false, drawn: "", error: "", marked: new Set(),
    hover: null, pointer: null,
    redraw() {},
    set(changes) {
      Object.assign(view.state, changes);
      view.refused = false;
      for (const [name, value] of Object.entries(changes)) model.set(name, value);
      model.save_changes();
      view.redraw();
    },
    once(key, make) {
      if (!cache.has(key)) {
        if (cache.size > CACHED) cache.clear();
        cache.set(key, make());
      }
      return cache.get(key);
    },
  };
  view.store = store(model, signal, () => view.redraw());
  return view;
}

/** Store what came with the widget, so that it is not requested. */
function fillStore(view, model) {
  const { about } = view;
  const buffers = (name) => { const data = model.get(name); return data?.byteLength ? [data] : null; };
  const [thumbnails, first] = [buffers("_thumbnails"), buffers("_first")];
  if (thumbnails) view.store.keep("thumbnails", methodOf(about.opened), about.thumbnails, thumbnails);
  if (first) view.store.keep("picture", keyOf(about.opened), about.first, first);
  model.fill?.(view.store);
}

/** Use the numbers that the state needs, or request them; until they arrive, the matrix before stays on screen. */
function load(view) {
  const { state, store, about } = view;
  const { method, output, layer, heads, combine } = state;
  const request = { method, output, layer, heads, combine };
  const key = keyOf(state);
  const needsExact = focus(view) || view.hover || view.saving;
  const exact = needsExact ? store.get("exact", key, request) : store.results.exact.get(key);
  const picture = exact ? null : store.get("picture", key, request);
  const thumbnails = store.get("thumbnails", methodOf(state), { method, output });
  if (thumbnails) view.thumbnails = { heads: about.heads, ...thumbnails, key: methodOf(state) };
  view.error = store.error("picture", key) ?? store.error("exact", key) ?? store.error("importance", "") ?? "";
  const matrix = exact ?? (picture && view.once(`bytes ${key}`, () => dequantised(picture.bytes, picture.scale, picture.signed)));
  if (!matrix) return;
  view.exact = Boolean(exact);
  view.key = `${key} ${view.exact} ${state.sentences} ${state.merge_words} ${state.hide_special}`;
  view.shown = view.once(`shown ${view.key}`, () => shownMatrix(matrix, about, state));
  view.drawn = key;
  if (view.hover && !(view.hover.at < (view.hover.forward ? view.shown.rows : view.shown.columns).length)) view.hover = null;
  mark(view);
}

/** Collect the units that contain the text to find. */
function mark(view) {
  const part = view.state.find.trim().toLowerCase();
  const all = [...view.shown.rows, ...view.shown.columns];
  view.marked = new Set(part ? all.filter((unit) => unit.text.toLowerCase().includes(part)) : []);
}

/** Use the statistics of all heads once they have arrived. */
function loadStatistics(view, panel) {
  const { about, state, store } = view;
  const answer = about.statistics ? about : store.get("statistics", "", {});
  if (answer && !Object.keys(view.statistics).length) {
    view.statistics = { ...answer.statistics };
    view.sideBySide = answer.sideBySide;
    panel.fill([...Object.keys(view.statistics), ...(about.outputs.length ? ["importance"] : [])]); // by a gradient, too
  }
  if (state.statistic !== "importance" || view.statistics.importance || !answer) return;
  const importance = store.get("importance", "", {});
  if (importance) view.statistics.importance = importance;
}

/** Divide the width: the grid on the left, lines and heat map side by side if both fit. */
function layout(view) {
  const { state, about, root } = view;
  view.theme = theme(root);
  view.width = measured(view.theme.font);
  view.across = Math.max(220, root.clientWidth - 18);
  const side = Math.max(about.heads * 24 + 32, 290);
  root.style.setProperty("--bm-side", `${side}px`);
  root.classList.toggle("bm-narrow", view.across <= WIDE_FROM && view.across >= side + 180);
  const free = view.across - (view.across > WIDE_FROM ? side + 26 : 0);
  const both = state.pictures.includes("lines") && state.pictures.includes("heat map");
  view.room = Math.max(220, both && free > 620 ? Math.floor(free / 2) - 12 : free);
}

/** Buttons that save what is on screen, once its numbers are exact or can no longer become exact. */
function saveButtons(view, model) {
  const style = () => view.about.style ?? model.get("_css") ?? "";
  const script = () => view.about.script ?? model.get("_esm") ?? "";
  const formats = {
    PNG: async () => [await toPng(view), "png"],
    SVG: async () => [toSvg(view), "svg"],
    HTML: async () => [toHtml(view, script(), style()), "html"],
    CSV: async () => [toCsv(view), "csv"],
  };
  return buttons(view, formats, async (make) => {
    view.saving = true;
    do {
      view.redraw();
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
    } while (!settled(view));
    view.saving = false;
    view.refused = view.state.pictures.some((name) => isLate(view, name));
    if (view.refused) return view.redraw();
    const { layer, heads, method } = view.state;
    const [blob, extension] = await make();
    const place = isOfLayers(method) ? `layer${layer}-${method}` : `layer${layer}-head${heads.join("-")}`;
    return save(blob, `attention-${place}.${extension}`);
  });
}

/** Whether everything that the state needs is drawn in exact numbers, or can no longer arrive. */
function settled(view) {
  const { state, store, statistics } = view;
  const exact = view.exact && view.drawn === keyOf(state);
  const complete = exact && state.statistic in statistics && view.thumbnails?.key === methodOf(state);
  return complete || store.closed || view.signal.aborted || Boolean(view.error);
}

/** The formula of attention with the numbers of the first pinned token. */
function explanation(view) {
  const content = element("div", { class: "bm-formula" });
  const box = element("details", {}, element("summary", {}, "The formula, with the numbers of the pinned token"), content);
  box.addEventListener("toggle", view.redraw, { signal: view.signal });
  let drawn = "";

  function update() {
    box.hidden = isOfLayers(view.state.method);
    if (!box.open || box.hidden) return;
    const { layer, heads, pinned } = view.state;
    const token = pinned.length ? pinned[0] : null;
    const key = JSON.stringify([layer, heads[0], token]);
    const detail = token === null ? null : view.store.get("detail", key, { layer, heads: [heads[0]], token });
    const error = view.store.error("detail", key);
    const next = [key, Boolean(detail), error, view.theme.dark, view.store.closed].join();
    if (next === drawn) return;
    drawn = next;
    formula(content, view, token, detail, error);
  }
  return { box, update };
}

/** Redraw when the state, the size or the theme changes, until the view is removed. */
function follow(view, model) {
  const changed = () => {
    for (const name of NAMES) view.state[name] = model.get(name);
    view.refused = false;
    view.redraw();
  };
  model.on("change", changed);
  const sizes = new ResizeObserver(view.redraw);
  sizes.observe(view.root);
  const themes = new MutationObserver(view.redraw);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light", "class"] });
  view.signal.addEventListener("abort", () => {
    model.off("change", changed);
    sizes.disconnect();
    themes.disconnect();
    view.root.remove();
  });
}

/** Draw a view into an element.
 * @param {object} model anywidget's, or what a saved page has in its place
 * @param {HTMLElement} el the element to draw in
 * @param {AbortSignal} signal removes the view
 */
export function mount(model, el, signal) {
  const view = createView(model, signal);
  const { root, about } = view;
  let frame = 0;
  view.redraw = () => { frame ||= requestAnimationFrame(() => { frame = 0; draw(); }); };
  fillStore(view, model);

  const panel = controls(view);
  const title = element(model.fill ? "h1" : "strong", { class: "bm-title", dir: "auto" }); // a saved page has a heading
  const panes = [
    pane(view, "grid", "All heads: arrow keys choose one, Shift and an arrow key several", grid, 620),
    pane(view, "lines", "Lines between tokens: arrow keys move from token to token, Enter pins one, Escape unpins all", lines, 480),
    pane(view, "heat map", "Heat map: arrow keys move from cell to cell, Enter pins a token, Escape unpins all", heatMap, 640),
    pane(view, "text", "The text: arrow keys move from token to token, Enter pins one, Escape unpins all", runningText, 240),
  ];
  const [gridPane, linesPane, heatPane, textPane] = panes;
  chooseHeads(view, gridPane);
  for (const one of [linesPane, heatPane, textPane]) pointAtTokens(view, one);

  const message = status(view, Boolean(model.send));
  const parts = [ranking(view), weightList(view), headTable(view), explanation(view), message, tooltip(view)];
  const [ranks, list, table, maths, , tip] = parts;

  function draw() {
    if (signal.aborted) return;
    loadStatistics(view, panel);
    load(view);
    layout(view);
    for (const one of panes) one.draw();
    panel.update();
    title.textContent = heading(view, isolated);
    for (const part of parts) part.update();
  }

  const notes = about.notes.map((note) => element("li", { dir: "auto" }, note));
  root.append(
    element("div", { class: "bm-head" }, title, saveButtons(view, model)), predicted(about),
    ...(notes.length ? [element("ul", { class: "bm-notes" }, ...notes)] : []), panel.bar, message.node,
    element("div", { class: "bm-body" },
      element("div", { class: "bm-side" }, gridPane.box, panel.aside, ranks.box, list.box),
      element("div", { class: "bm-pair" }, linesPane.box, heatPane.box)),
    textPane.box, table.box, maths.box, element("p", { class: "bm-caption" }, about.caption), tip.node,
  );
  el.append(root);
  follow(view, model);
  keepKeys(view, OWN_KEYS);
  draw();
  return view;
}

export default {
  render({ model, el, signal }) {
    const control = new AbortController();
    signal?.addEventListener("abort", () => control.abort(), { once: true });
    mount(model, el, control.signal);
    return () => control.abort();
  },
};
