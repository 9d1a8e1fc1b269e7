/** The panel: draws what Python describes. It decides nothing: what is chosen goes to Python, which checks it. */
import { element } from "./element.js";
import { keepKeys } from "./keys.js";
import { attentionPart } from "./panel_attention.js";
import { cellPart, dataPart, optionsPart } from "./panel_form.js";
import { runPart, tryoutPart } from "./panel_run.js";

const PANEL_TRAITS = ["chosen", "_heard", "_spec", "_defaults", "_automatic", "_problems", "_models", "_data", "_estimate", "_cell", "_run", "_frames", "_trial", "_answer", "_attention", "_saved"];
const THROTTLE = 70; // milliseconds between two values of a slider that moves
const KEPT = 8; // presses: the front end may join several messages into one while the kernel is busy
const ANY_KEY = /./;

/**
 * What all parts share.
 * @typedef {object} PanelView
 * @property {(name: string) => any} get a trait of the widget
 * @property {(name: string) => any} value what an option is: chosen, or by default
 * @property {(name: string, value: any, later?: boolean) => void} choose set an option, at once or with the next message
 * @property {(name: string) => void} reset set an option to its default
 * @property {(action: string, words?: object) => void} press tell Python that a button was pressed
 */

/** @returns {PanelView} */
function panelView(model, signal) {
  const view = {
    signal,
    id: `bm-${Math.random().toString(36).slice(2)}`,
    root: element("div", { class: "bm-panel", role: "group", "aria-label": "Panel for fine-tuning" }),
    get: (name) => model.get(name),
    value: (name) => (name in model.get("chosen") ? model.get("chosen")[name] : model.get("_defaults")[name]),
    on: (node, event, act) => node.addEventListener(event, act, { signal }),
  };
  let timer = 0;
  view.flush = () => {
    clearTimeout(timer);
    timer = 0;
    model.save_changes();
  };
  const put = (chosen) => { model.set("chosen", chosen); view.redraw(); };
  view.choose = (name, value, later = false) => {
    put({ ...model.get("chosen"), [name]: value });
    if (!later) view.flush();
    else timer ||= setTimeout(view.flush, THROTTLE);
  };
  view.reset = (name) => {
    const { [name]: _, ...others } = model.get("chosen");
    put(others);
    view.flush();
  };
  view.resetAll = () => { put({}); view.flush(); };
  view.pressed = () => Math.max(0, ...model.get("presses").map(({ number }) => number));
  view.press = (action, words = {}) => {
    const number = Math.max(view.pressed(), model.get("_heard")) + 1;
    model.set("presses", [...model.get("presses").slice(1 - KEPT), { number, action, ...words }]);
    view.flush();
    view.redraw();
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return view;
}

/** Draw the panel into an element; `signal` removes it. */
export function mountPanel(model, el, signal) {
  const view = panelView(model, signal);
  const options = optionsPart(view);
  const parts = [dataPart(view), options, cellPart(view), runPart(view), tryoutPart(view), attentionPart(view, model)];
  const [data, , cell, run, tryout, attention] = parts.map(({ nodes }) => nodes);
  const body = element("div", {},
    ...data,
    element("div", { class: "bm-wide" }, element("div", { class: "bm-left" }, options.first), element("div", { class: "bm-right" }, ...cell), options.folded),
    ...run, ...tryout,
  );
  const gone = element("div", { role: "alert", class: "bm-gone" });
  view.root.append(gone, body);
  const cover = coverStatic(model.get("_face"));
  el.append(cover, view.root, ...attention); // the last is outside of the panel's own styles
  let frame = 0;
  const draw = () => { frame = 0; if (!signal.aborted) for (const part of parts) part.update(); };
  view.redraw = () => { frame ||= requestAnimationFrame(draw); };
  for (const name of PANEL_TRAITS) model.on(`change:${name}`, view.redraw);
  const placed = new ResizeObserver(view.redraw); // what is around it is known once it has a size
  placed.observe(view.root);
  signal.addEventListener("abort", () => {
    for (const name of PANEL_TRAITS) model.off(`change:${name}`, view.redraw);
    placed.disconnect();
    cover.remove();
    view.root.remove();
  });
  keepKeys(view, ANY_KEY);
  whenLost(model, signal, () => {
    gone.textContent = "The kernel was restarted: this panel is no longer live. Run its cell again.";
    body.inert = true;
  });
  draw();
}

/** A style that hides the panel's static state, which stays as the page last heard of it: the panel here is newer. */
function coverStatic(face) {
  const mark = `[data-bm-panel="${CSS.escape(face)}"]`;
  return element("style", {}, `${mark}, .jp-OutputArea-child:has(${mark}) { display: none; }`);
}

/** Call `act` when the kernel of the widget has gone. */
function whenLost(model, signal, act) {
  const lost = (change) => { if (change?.comm_live === false || change === undefined) act(); };
  for (const event of ["comm:close", "comm_live_update"]) {
    model.on(event, lost);
    signal.addEventListener("abort", () => model.off(event, lost));
  }
}

export default {
  render({ model, el, signal }) {
    const control = new AbortController();
    signal?.addEventListener("abort", () => control.abort(), { once: true });
    mountPanel(model, el, control.signal);
    return () => control.abort();
  },
};
