/** The attention view: it draws what its state says, and its state is the widget's. */
import { dequantised, number, shown, short, weights } from "./numbers.js";
import { theme } from "./palette.js";
import { CanvasSurface } from "./surface.js";
import { focus, grid, heat, lines, text } from "./pictures.js";
import { keyOf, store } from "./store.js";
import { formula } from "./formula.js";
import { heading, save, toCsv, toHtml, toPng, toSvg } from "./export.js";
import { buttons, controls, element } from "./controls.js";

const NAMES = ["layer", "heads", "combine", "method", "statistic", "order", "sentences", "hide_special", "merge_words", "direction", "pinned", "top", "threshold", "scale", "find", "pictures"];
const LISTED = 8;

/** A canvas in a box that scrolls: only what is in sight is drawn, so that any length costs the same. */
function pane(view, name, label, make, high) {
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": label });
  const spacer = element("div", { class: "bm-spacer" });
  spacer.append(canvas);
  const box = element("div", { class: "bm-pane" }, spacer);
  const self = { name, box, canvas, picture: null };
  let size = "";

  self.draw = () => {
    box.hidden = !view.state.pictures.includes(name);
    self.picture = box.hidden ? null : make(view);
    if (!self.picture) return;
    const { width, height } = self.picture;
    const seen = Math.min(height, high);
    const ratio = globalThis.devicePixelRatio || 1;
    const now = [width, height, ratio].join();
    if (now !== size) {
      size = now;
      [canvas.width, canvas.height] = [Math.ceil(width * ratio), Math.ceil(seen * ratio)];
      canvas.style.width = `${Math.ceil(width)}px`;
      canvas.style.height = `${Math.ceil(seen)}px`;
      spacer.style.height = `${Math.ceil(height)}px`;
      spacer.style.width = `${Math.ceil(width)}px`;
      box.style.maxHeight = `${high}px`;
    }
    const top = Math.min(box.scrollTop, height - seen);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, seen);
    context.translate(0, -top);
    self.picture.draw(new CanvasSurface(context, view.theme.font), top, top + seen);
  };

  self.at = (event) => {
    const edge = canvas.getBoundingClientRect();
    const top = Math.min(box.scrollTop, Math.max(0, (self.picture?.height ?? 0) - high));
    return self.picture?.hit(event.clientX - edge.left, event.clientY - edge.top + Math.max(0, top)) ?? null;
  };
  box.addEventListener("scroll", view.redraw, { signal: view.signal, passive: true });
  return self;
}

/** Draw a view into an element.
 * @param {object} model anywidget's, or a page's stand-in
 * @param {HTMLElement} el where
 * @param {AbortSignal} signal ends everything
 */
function mount(model, el, signal) {
  const root = element("section", { class: "bm-attention", "aria-label": "Attention view" });
  const about = { ...model.get("_about") };
  const memory = new Map();
  let known = false;
  let frame = 0;

  const view = {
    about, signal, root, statistics: {}, hover: null, found: null, exact: false, marked: new Set(), thumbnails: null,
    state: Object.fromEntries(NAMES.map((name) => [name, model.get(name)])),
    set(changes) {
      Object.assign(view.state, changes);
      for (const [name, value] of Object.entries(changes)) model.set(name, value);
      model.save_changes();
      view.redraw();
    },
    redraw() {
      frame ||= requestAnimationFrame(() => { frame = 0; draw(); });
    },
    once(key, make) {
      if (!memory.has(key)) {
        if (memory.size > 60) memory.clear();
        memory.set(key, make());
      }
      return memory.get(key);
    },
  };
  view.store = store(model, signal, view.redraw);
  const own = about.opened ?? view.state;
  const bytes = (name) => { const data = model.get(name); return data && data.byteLength ? data : null; };
  if (bytes("_thumbnails")) view.store.keep("thumbnails", about.opened.method, about.thumbnails, [bytes("_thumbnails")]);
  if (bytes("_first")) view.store.keep("picture", keyOf(own), about.first, [bytes("_first")]);
  model.fill?.(view.store);

  const panel = controls(view);
  const title = element("strong", { class: "bm-title" });
  const status = element("span", { class: "bm-status", role: "status", "aria-live": "polite" });
  const told = element("div", { class: "bm-number", "aria-live": "polite" });
  const numbers = element("table", { class: "bm-numbers", "aria-label": "The strongest weights" });
  const gridPane = pane(view, "grid", "All heads: arrow keys choose one, Shift and an arrow several", grid, 620);
  const linesPane = pane(view, "lines", "Lines between tokens: arrow keys go from token to token, Enter pins", lines, 460);
  const heatPane = pane(view, "heat map", "Heat map: arrow keys go from cell to cell, Enter pins", heat, 640);
  const textPane = pane(view, "text", "The text: arrow keys go from token to token, Enter pins", text, 240);
  const panes = [gridPane, linesPane, heatPane, textPane];
  const maths = element("div", { class: "bm-formula" });
  const details = element("details", {}, element("summary", {}, "The formula, with the numbers of the pinned token"), maths);
  const side = element("div", { class: "bm-side" }, gridPane.box, panel.aside);
  const main = element("div", { class: "bm-main" }, element("div", { class: "bm-pair" }, linesPane.box, heatPane.box, element("div", { class: "bm-list" }, told, numbers)));

  function predicted() {
    const box = element("div", { class: "bm-predicted" });
    if (about.said) box.append(element("span", {}, about.said));
    for (const [name, score] of about.prediction.slice(0, 6)) {
      const meter = element("meter", { min: 0, max: 1, value: score, "aria-label": `probability of ${name}` });
      box.append(element("span", { class: "bm-class" }, short(name, 40), meter, `${(100 * score).toFixed(1)} %`));
    }
    return box;
  }

  async function exported(act) {
    await wanted();
    const name = `attention-layer${view.state.layer}-head${view.state.heads.join("-")}`;
    const [blob, ending] = await act();
    save(blob, `${name}.${ending}`);
  }
  const style = () => (about.style ?? model.get("_css") ?? "");
  const script = () => (about.script ?? model.get("_esm") ?? "");
  const saving = buttons(view, {
    PNG: async () => [await toPng(view), "png"],
    SVG: async () => [toSvg(view), "svg"],
    HTML: async () => [toHtml(view, script(), style()), "html"],
    CSV: async () => [toCsv(view), "csv"],
  }, exported);

  /** Wait until the numbers on screen are exact, or cannot be. */
  async function wanted() {
    while (!view.exact && !view.store.closed && !signal.aborted && !view.store.error("exact", keyOf(view.state))) {
      exactly();
      await new Promise((done) => { requestAnimationFrame(done); });
    }
    draw();
  }

  function exactly() {
    const { method, layer, heads, combine } = view.state;
    return view.store.get("exact", keyOf(view.state), { method, layer, heads, combine });
  }

  function load() {
    const { method, layer, heads, combine } = view.state;
    const key = keyOf(view.state);
    const asked = { method, layer, heads, combine };
    const exact = view.store.held.exact.get(key) ?? (focus(view) || view.hover ? exactly() : null);
    const bytes_ = exact ? null : view.store.get("picture", key, asked);
    const matrix = exact ?? (bytes_ && view.once(`bytes ${key}`, () => dequantised(bytes_.bytes, bytes_.scale, bytes_.signed)));
    view.error = view.store.error("picture", key) ?? view.store.error("exact", key);
    const small = view.store.get("thumbnails", method, { method });
    if (small) view.thumbnails = small.heads ? small : { ...small, heads: about.heads };
    if (!matrix) return;
    view.exact = Boolean(exact);
    view.key = `${key} ${view.exact} ${view.state.sentences} ${view.state.merge_words} ${view.state.hide_special}`;
    view.found = view.once(`found ${view.key}`, () => shown(matrix, about, view.state));
    view.drawn = key;
    const part = view.state.find.trim().toLowerCase();
    const all = [...view.found.rows, ...view.found.columns];
    view.marked = new Set(part ? all.filter((unit) => unit.text.toLowerCase().includes(part)) : []);
  }

  function draw() {
    if (signal.aborted) return;
    if (!known) {
      const found = about.statistics ?? view.store.get("statistics", "", {});
      if (found) panel.fill(found);
      known = Boolean(found);
      view.statistics = found ?? {};
    }
    load();
    view.theme = theme(root);
    const across = Math.max(220, root.clientWidth - 26);
    const left = view.state.pictures.includes("grid") && across > 700 ? about.heads * 24 + 60 : 0;
    const free = across - left - 16;
    view.across = across;
    view.room = Math.max(240, Math.min(440, free > 640 ? free / 2 - 12 : free));
    for (const one of panes) one.draw();
    panel.update();
    title.textContent = heading(view);
    say();
    list();
    if (details.open) explain();
  }

  function say() {
    const { store: held } = view;
    const now = keyOf(view.state);
    const parts = [];
    if (view.error) parts.push(view.error);
    if (held.closed) parts.push(model.send ? "The kernel is closed: what was loaded stays, other heads cannot be fetched." : "This page was saved: heads that are not in it cannot be fetched.");
    else if (held.slow) parts.push("Waiting for the kernel …");
    if (view.found && view.drawn !== now && !view.error) parts.push("Still shown: the head before.");
    const text_ = parts.join(" ");
    if (status.textContent !== text_) status.textContent = text_;
  }

  function list() {
    const { found, hover } = view;
    const looked = focus(view);
    told.textContent = "";
    numbers.replaceChildren();
    if (!looked) { told.textContent = found ? "Point at a token, or pin it by a click, to see its numbers." : ""; return; }
    const [sources, targets] = looked.forward ? [found.rows, found.columns] : [found.columns, found.rows];
    const names = looked.at.slice(0, 4).map((at) => `“${short(sources[at].text, 24)}”`).join(" + ") + (looked.at.length > 4 ? ` + ${looked.at.length - 4} more` : "");
    const about_ = view.exact ? "" : "≈ ";
    const say_ = (value) => (view.exact ? number(value) : value.toFixed(2));
    if (hover?.cell) {
      const [row, column] = hover.cell;
      told.textContent = `“${short(found.rows[row].text, 24)}” → “${short(found.columns[column].text, 24)}”: ${about_}${say_(found.matrix[row * found.columns.length + column])}`;
    } else told.textContent = `${names} ${looked.forward ? (looked.at.length > 1 ? "attend to" : "attends to") : (looked.at.length > 1 ? "are attended by" : "is attended by")}`;
    const values = weights(found, looked.forward, looked.at);
    const best = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, LISTED);
    for (const at of best) {
      const row = numbers.insertRow();
      row.append(element("th", { scope: "row" }, short(targets[at].text, 24)), element("td", {}, about_ + say_(values[at])));
    }
  }

  function explain() {
    const token = view.state.pinned.length ? view.state.pinned[0] : null;
    const asked = { layer: view.state.layer, heads: [view.state.heads[0]], token };
    const key = JSON.stringify([asked.layer, asked.heads[0], token]);
    const found = token === null ? null : view.store.get("detail", key, asked);
    const now = [key, Boolean(found), view.store.error("detail", key), view.theme.dark, view.store.closed].join();
    if (maths.dataset.key === now) return;
    maths.dataset.key = now;
    formula(maths, view, token, found, view.store.error("detail", key));
  }

  function pin(place) {
    const { found, state } = view;
    const direction = place.forward ? "attends to" : "attended by";
    const unit = (place.forward ? found.rows : found.columns)[place.at];
    const before = direction === state.direction ? state.pinned : [];
    const has = unit.pieces.some((piece) => before.includes(piece));
    const kept = before.filter((piece) => !unit.pieces.includes(piece));
    view.set({ direction, pinned: has ? kept : [...kept, ...unit.pieces] });
  }

  function choose([layer, head], more) {
    const { heads, layer: now } = view.state;
    if (more && layer === now) {
      const others = heads.filter((one) => one !== head);
      return view.set({ heads: heads.includes(head) && others.length ? others : [...others, head] });
    }
    return view.set({ layer, heads: [head] });
  }

  const on = (node, event, act) => node.addEventListener(event, act, { signal });
  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const within = (value, most) => Math.max(0, Math.min(most, value));

  on(gridPane.canvas, "click", (event) => {
    const place = gridPane.at(event);
    if (place) choose(place.grid, event.shiftKey || event.ctrlKey || event.metaKey);
  });
  on(gridPane.canvas, "pointermove", (event) => {
    const place = gridPane.at(event);
    const value = place && view.statistics[view.state.statistic]?.[place.grid[0] * about.heads + place.grid[1]];
    gridPane.canvas.title = place ? `layer ${place.grid[0]}, head ${place.grid[1]}${value == null ? "" : `: ${view.state.statistic.replaceAll("_", " ")} ${value}`}` : "";
  });
  on(gridPane.canvas, "keydown", (event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const { layer, heads } = view.state;
    const next = [within(layer + step[0], about.layers - 1), within(heads[heads.length - 1] + step[1], about.heads - 1)];
    if (event.shiftKey && next[0] === layer) view.set({ heads: [...heads.filter((one) => one !== next[1]), next[1]] });
    else choose(next, false);
  });

  function moved(event, one) {
    const step = ARROWS[event.key];
    if (!step || !view.found) return null;
    const { hover, found } = view;
    const most = (forward) => (forward ? found.rows : found.columns).length - 1;
    if (one === heatPane) {
      const [row, column] = hover?.cell ?? [0, 0];
      const cell = [within(row + step[0], found.rows.length - 1), within(column + step[1], found.columns.length - 1)];
      return { forward: true, at: cell[0], cell };
    }
    if (one === textPane) {
      const forward = view.state.direction === "attends to";
      return { forward, at: within((hover?.at ?? -1) + step[0] + step[1], most(forward)) };
    }
    const forward = step[1] ? step[1] < 0 : (hover?.forward ?? true);
    return { forward, at: within((hover?.at ?? -1) + step[0], most(forward)) };
  }

  for (const one of [linesPane, heatPane, textPane]) {
    on(one.canvas, "pointermove", (event) => { view.hover = one.at(event); view.redraw(); });
    on(one.canvas, "pointerleave", () => { view.hover = null; view.redraw(); });
    on(one.canvas, "blur", () => { view.hover = null; view.redraw(); });
    on(one.canvas, "click", (event) => { const place = one.at(event); if (place) pin(place); });
    on(one.canvas, "keydown", (event) => {
      const place = moved(event, one);
      const pins = (event.key === "Enter" || event.key === " ") && view.hover;
      if (!place && !pins && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (place) {
        view.hover = place;
        if (one === linesPane) one.box.scrollTop = within(one.box.scrollTop, 20 * place.at + 10) < 20 * place.at - 400 ? 20 * place.at - 200 : within(one.box.scrollTop, 20 * place.at);
      } else if (pins) pin(view.hover);
      else { view.hover = null; view.set({ pinned: [] }); }
      view.redraw();
    });
  }
  on(details, "toggle", view.redraw);

  const follow = () => {
    for (const name of NAMES) view.state[name] = model.get(name);
    view.redraw();
  };
  model.on("change", follow);
  const sizes = new ResizeObserver(view.redraw);
  sizes.observe(root);
  const themes = new MutationObserver(view.redraw);
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-name", "data-jp-theme-light", "class"] });
  signal.addEventListener("abort", () => {
    model.off("change", follow);
    sizes.disconnect();
    themes.disconnect();
    cancelAnimationFrame(frame);
    root.remove();
  });

  const notes = element("ul", { class: "bm-notes" }, ...about.notes.map((note) => element("li", {}, `⚠ ${note}`)));
  root.append(
    element("header", {}, title, saving), predicted(), ...(about.notes.length ? [notes] : []), panel.bar, status,
    element("div", { class: "bm-body" }, side, main), textPane.box, details, element("p", { class: "bm-caption" }, about.caption),
  );
  el.append(root);
  draw();
  return view;
}

/** Open a saved page: its data stand in for the kernel. */
function openPage(el, data) {
  const bytes = (text_) => Uint8Array.from(atob(text_), (letter) => letter.charCodeAt(0));
  const state = { ...data.state };
  const source = document.querySelector('script[type="module"]').textContent;
  const about = { ...data.about, style: document.querySelector("style").textContent, script: source.slice(0, source.lastIndexOf("openPage(")) };
  const model = {
    get: (name) => (name === "_about" ? about : state[name]),
    set: (name, value) => { state[name] = value; },
    save_changes() {}, on() {}, off() {},
    fill(held) {
      for (const [key, [header, text_]] of Object.entries(data.thumbnails)) held.keep("thumbnails", key, header, [bytes(text_)]);
      for (const [key, [header, text_]] of Object.entries(data.picture)) held.keep("picture", key, header, [bytes(text_)]);
      for (const [key, text_] of Object.entries(data.exact)) held.keep("exact", key, {}, [bytes(text_)]);
      for (const [key, [header, rows]] of Object.entries(data.detail)) held.keep("detail", key, header, rows.map(bytes));
    },
  };
  return mount(model, el, new AbortController().signal);
}

export default {
  render({ model, el, signal }) {
    const control = new AbortController();
    signal?.addEventListener("abort", () => control.abort(), { once: true });
    mount(model, el, control.signal);
    return () => control.abort();
  },
};
