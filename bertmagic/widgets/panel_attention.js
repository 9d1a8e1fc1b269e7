/** The live attention view within the panel. It is the view that a cell shows; its requests go through the panel. */
import { element } from "./element.js";

/** The source of the view, for the pages that it saves. */
function source() {
  const text = String(attentionView);
  return text.slice(text.indexOf("\n") + 1, text.lastIndexOf("\nreturn {"));
}

/**
 * What the view takes for its model: its settings are in the panel's state, so that a page loaded again has them, and
 * its requests are messages of the panel.
 */
function hostedModel(model, spec) {
  const { number } = spec;
  const viewed = () => { const kept = model.get("viewed"); return kept.number === number ? kept : { number }; };
  const name = (event) => (event === "change" ? "change:viewed" : event);
  return {
    get: (trait) => (trait === "_esm" ? source() : (viewed()[trait] ?? spec[trait])),
    set: (trait, value) => model.set("viewed", { ...viewed(), [trait]: value }),
    save_changes: () => model.save_changes(),
    send: (content) => model.send({ ...content, view: number }),
    on: (event, act) => model.on(name(event), act),
    off: (event, act) => model.off(name(event), act),
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
