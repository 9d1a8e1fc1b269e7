/** The live attention view within the panel. It is the view that a cell shows; its requests go through the panel. */
import { element } from "./element.js";

/** The source of the view, for the pages that it saves. */
function source() {
  const text = String(attentionView);
  return text.slice(text.indexOf("\n") + 1, text.lastIndexOf("\nreturn {"));
}

/** What the view takes for its model: its state is of this page, its requests are messages of the panel. */
function hostedModel(model, spec) {
  const state = { ...spec };
  return {
    get: (name) => (name === "_esm" ? source() : state[name]),
    set: (name, value) => { state[name] = value; },
    save_changes() {},
    send: (content) => model.send({ ...content, view: spec.number }),
    on: (event, act) => { if (event !== "change") model.on(event, act); },
    off: (event, act) => { if (event !== "change") model.off(event, act); },
  };
}

/** The place of the view: empty where the last answer is something else. */
export function attentionPart(view, model) {
  const box = element("div", { class: "bm-hosted" });
  let [shown, control] = [undefined, null];

  function update() {
    const spec = view.get("_attention");
    if (spec.number === shown) return;
    shown = spec.number;
    control?.abort();
    box.replaceChildren();
    if (!shown) return;
    control = new AbortController();
    const place = element("div");
    box.append(element("style", {}, spec._css), place);
    attentionView().render({ model: hostedModel(model, spec), el: place, signal: control.signal });
  }
  view.signal.addEventListener("abort", () => { control?.abort(); box.remove(); });
  return { nodes: [box], update };
}
