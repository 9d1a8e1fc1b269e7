/** The attention view: it draws what its state says, and its state is the widget's. */
import { buttons, controls, element } from "./controls.js";
import { heading, save, toCsv, toHtml, toPng, toSvg } from "./export.js";
import { formula } from "./formula.js";
import { dequantised, isolated, shownMatrix } from "./numbers.js";
import { theme } from "./palette.js";
import { choosing, looking, pane } from "./pane.js";
import { focus, grid, heatMap, lines, runningText } from "./pictures.js";
import { headTable, predicted, ranking, status, tip, weightList } from "./readings.js";
import { keyOf, methodOf, store } from "./store.js";
import { measured } from "./surface.js";

const NAMES = ["layer", "heads", "combine", "method", "output", "statistic", "order", "sentences", "hide_special", "merge_words", "direction", "pinned", "top", "threshold", "scale", "find", "pictures"];
const MEMORY = 60;
const WIDE_FROM = 720;
const TAKEN = /^(Arrow\w+|Page\w+|Home|End|Enter|Escape| )$/;

/** The state and what all parts share; `set` is the only way to change what is shown. */
function opened(model, signal) {
  const memory = new Map();
  const view = {
    about: { ...model.get("_about") },
    signal,
    root: element("section", { class: "bm-attention", "aria-label": "Attention view" }),
    state: Object.fromEntries(NAMES.map((name) => [name, model.get(name)])),
    statistics: {}, sideBySide: null, thumbnails: null,
    shown: null, exact: false, drawn: "", error: "", marked: new Set(),
    hover: null, pointer: null,
    redraw() {},
    set(changes) {
      Object.assign(view.state, changes);
      for (const [name, value] of Object.entries(changes)) model.set(name, value);
      model.save_changes();
      view.redraw();
    },
    once(key, make) {
      if (!memory.has(key)) {
        if (memory.size > MEMORY) memory.clear();
        memory.set(key, make());
      }
      return memory.get(key);
    },
  };
  view.store = store(model, signal, () => view.redraw());
  return view;
}

/** What came with the widget needs not be asked for. */
function fillStore(view, model) {
  const { about } = view;
  const has = (name) => { const data = model.get(name); return data?.byteLength ? [data] : null; };
  const [small, first] = [has("_thumbnails"), has("_first")];
  if (small) view.store.keep("thumbnails", methodOf(about.opened), about.thumbnails, small);
  if (first) view.store.keep("picture", keyOf(about.opened), about.first, first);
  model.fill?.(view.store);
}

/** Take the numbers that the state asks for, or ask for them; until they come, what was shown stays. */
function load(view) {
  const { state, store: held, about } = view;
  const { method, output, layer, heads, combine } = state;
  const asked = { method, output, layer, heads, combine };
  const key = keyOf(state);
  const wanted = focus(view) || view.hover || view.saving;
  const exact = wanted ? held.get("exact", key, asked) : held.held.exact.get(key);
  const picture = exact ? null : held.get("picture", key, asked);
  const small = held.get("thumbnails", methodOf(state), { method, output });
  if (small) view.thumbnails = { heads: about.heads, ...small };
  view.error = held.error("picture", key) ?? held.error("exact", key) ?? held.error("importance", "") ?? "";
  const matrix = exact ?? (picture && view.once(`bytes ${key}`, () => dequantised(picture.bytes, picture.scale, picture.signed)));
  if (!matrix) return;
  view.exact = Boolean(exact);
  view.key = `${key} ${view.exact} ${state.sentences} ${state.merge_words} ${state.hide_special}`;
  view.shown = view.once(`shown ${view.key}`, () => shownMatrix(matrix, about, state));
  view.drawn = key;
  if (view.hover && !(view.hover.at < (view.hover.forward ? view.shown.rows : view.shown.columns).length)) view.hover = null;
  mark(view);
}

/** Note the tokens with the text that is looked for. */
function mark(view) {
  const part = view.state.find.trim().toLowerCase();
  const all = [...view.shown.rows, ...view.shown.columns];
  view.marked = new Set(part ? all.filter((unit) => unit.text.toLowerCase().includes(part)) : []);
}

/** Take the numbers of all heads, once they are there. */
function measure(view, panel) {
  const { about, state, store: held } = view;
  const found = about.statistics ? about : held.get("statistics", "", {});
  if (found && !Object.keys(view.statistics).length) {
    view.statistics = { ...found.statistics };
    view.sideBySide = found.sideBySide;
    panel.fill([...Object.keys(view.statistics), "importance"]);
  }
  if (state.statistic !== "importance" || view.statistics.importance || !found) return;
  const importance = held.get("importance", "", {});
  if (importance) view.statistics.importance = importance;
}

/** Share the width: the grid on the left, lines and map beside each other where both have room. */
function layout(view) {
  const { state, about, root } = view;
  view.theme = theme(root);
  view.width = measured(view.theme.font);
  view.across = Math.max(220, root.clientWidth - 18);
  const side = Math.max(about.heads * 24 + 32, 290);
  root.style.setProperty("--bm-side", `${side}px`);
  const free = view.across - (view.across > WIDE_FROM ? side + 26 : 0);
  const both = state.pictures.includes("lines") && state.pictures.includes("heat map");
  view.room = Math.max(220, both && free > 620 ? Math.floor(free / 2) - 12 : free);
}

/** Save what is on screen once its numbers are exact, or cannot be. */
function saving(view, model) {
  const style = () => view.about.style ?? model.get("_css") ?? "";
  const script = () => view.about.script ?? model.get("_esm") ?? "";
  const kinds = {
    PNG: async () => [await toPng(view), "png"],
    SVG: async () => [toSvg(view), "svg"],
    HTML: async () => [toHtml(view, script(), style()), "html"],
    CSV: async () => [toCsv(view), "csv"],
  };
  return buttons(view, kinds, async (make) => {
    view.saving = true;
    do {
      view.redraw();
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
    } while (!settled(view));
    view.saving = false;
    const { layer, heads } = view.state;
    const [blob, ending] = await make();
    save(blob, `attention-layer${layer}-head${heads.join("-")}.${ending}`);
  });
}

/** Whether what the state asks for is drawn in exact numbers, or cannot come any more. */
function settled(view) {
  const { state, store: held, statistics } = view;
  const exact = view.exact && view.drawn === keyOf(state);
  const complete = exact && state.statistic in statistics && held.held.thumbnails.has(methodOf(state));
  return complete || held.closed || view.signal.aborted || Boolean(view.error);
}

/** The formula and its numbers, for the first pinned token. */
function explanation(view) {
  const maths = element("div", { class: "bm-formula" });
  const box = element("details", {}, element("summary", {}, "The formula, with the numbers of the pinned token"), maths);
  box.addEventListener("toggle", view.redraw, { signal: view.signal });
  let now = "";

  function update() {
    if (!box.open) return;
    const { layer, heads, pinned } = view.state;
    const token = pinned.length ? pinned[0] : null;
    const key = JSON.stringify([layer, heads[0], token]);
    const found = token === null ? null : view.store.get("detail", key, { layer, heads: [heads[0]], token });
    const error = view.store.error("detail", key);
    const next = [key, Boolean(found), error, view.theme.dark, view.store.closed].join();
    if (next === now) return;
    now = next;
    formula(maths, view, token, found, error);
  }
  return { box, update };
}

/** Redraw when the state, the size or the theme changes, until the view is taken away. */
function follow(view, model) {
  const changed = () => {
    for (const name of NAMES) view.state[name] = model.get(name);
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

/** Keep the keys that the view and its controls take: Notebook 7 looks at keys before they get here. */
function keepKeys(view) {
  window.addEventListener("keydown", (event) => {
    const [target] = event.composedPath();
    if (!view.root.contains(target)) return;
    const other = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    target.toggleAttribute("data-lm-suppress-shortcuts", TAKEN.test(event.key) && !other);
  }, { capture: true, signal: view.signal });
}

/** Draw a view into an element.
 * @param {object} model anywidget's, or a page's stand-in
 * @param {HTMLElement} el where
 * @param {AbortSignal} signal ends everything
 */
export function mount(model, el, signal) {
  const view = opened(model, signal);
  const { root, about } = view;
  let frame = 0;
  view.redraw = () => { frame ||= requestAnimationFrame(() => { frame = 0; draw(); }); };
  fillStore(view, model);

  const panel = controls(view);
  const title = element("strong", { class: "bm-title", dir: "auto" });
  const panes = [
    pane(view, "grid", "All heads: arrow keys choose one, Shift and an arrow several", grid, 620),
    pane(view, "lines", "Lines between tokens: arrow keys go from token to token, Enter pins, Escape lets go", lines, 480),
    pane(view, "heat map", "Heat map: arrow keys go from cell to cell, Enter pins, Escape lets go", heatMap, 640),
    pane(view, "text", "The text: arrow keys go from token to token, Enter pins, Escape lets go", runningText, 240),
  ];
  const [gridPane, linesPane, heatPane, textPane] = panes;
  choosing(view, gridPane);
  for (const one of [linesPane, heatPane, textPane]) looking(view, one);

  const told = status(view, Boolean(model.send));
  const parts = [ranking(view), weightList(view), headTable(view), explanation(view), told, tip(view)];
  const [ranks, list, table, maths, , tips] = parts;

  function draw() {
    if (signal.aborted) return;
    measure(view, panel);
    load(view);
    layout(view);
    for (const one of panes) one.draw();
    panel.update();
    title.textContent = heading(view, isolated);
    for (const part of parts) part.update();
  }

  const notes = about.notes.map((note) => element("li", { dir: "auto" }, note));
  root.append(
    element("header", {}, title, saving(view, model)), predicted(about),
    ...(notes.length ? [element("ul", { class: "bm-notes" }, ...notes)] : []), panel.bar, told.node,
    element("div", { class: "bm-body" },
      element("div", { class: "bm-side" }, gridPane.box, panel.aside, ranks.box, list.box),
      element("div", { class: "bm-pair" }, linesPane.box, heatPane.box)),
    textPane.box, table.box, maths.box, element("p", { class: "bm-caption" }, about.caption), tips.node,
  );
  el.append(root);
  follow(view, model);
  keepKeys(view);
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
