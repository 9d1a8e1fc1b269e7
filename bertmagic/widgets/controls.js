/** Sliders, choices and buttons; each has a label, and screen readers read its value. */
import DESIGN from "../display/attention/design.json" with { type: "json" };
import { element } from "./element.js";
import { isOfLayers, plainName } from "./numbers.js";

const { choices: CHOICES } = DESIGN;

/** An input below its label. Views have modules of their own, so that a count alone would repeat on a page of two. */
function labelled(view, text, input, after) {
  input.id = `bm-${view.store.id}-${text.replaceAll(" ", "-")}`;
  const label = element("label", { for: input.id }, text);
  if (after) label.append(" ", after);
  return element("span", { class: "bm-field" }, label, input);
}

/** Functions that make the controls of one view, and `update`, which shows the state in all of them. */
function maker(view) {
  const updates = [];
  const on = (node, event, act) => node.addEventListener(event, act, { signal: view.signal });

  function slider(text, most, read, write, { step = 1, shown = String } = {}) {
    const input = element("input", { type: "range", min: 0, max: most, step });
    const out = element("output");
    on(input, "input", () => view.set(write(Number(input.value))));
    updates.push(() => {
      input.value = read();
      out.textContent = shown(read());
      input.setAttribute("aria-valuetext", `${text} ${shown(read())}`);
    });
    return labelled(view, text, input, out);
  }

  function choice(text, name, options, labelOf = plainName) {
    const input = element("select");
    input.append(...options.map((option) => element("option", { value: option }, labelOf(option))));
    on(input, "change", () => view.set({ [name]: input.value }));
    updates.push(() => { input.value = view.state[name]; });
    return labelled(view, text, input);
  }

  function toggle(text, read, write) {
    const button = element("button", { type: "button", class: "bm-toggle" }, text);
    on(button, "click", () => view.set(write(!read())));
    updates.push(() => button.setAttribute("aria-pressed", String(read())));
    return button;
  }

  function search(text, name) {
    const input = element("input", { type: "search", placeholder: "token", size: 10 });
    on(input, "input", () => view.set({ [name]: input.value }));
    updates.push(() => { if (input.value !== view.state[name]) input.value = view.state[name]; });
    return labelled(view, text, input);
  }

  /** A control that is hidden while it has no effect. */
  function when(hasEffect, node) {
    updates.push(() => { node.hidden = !hasEffect(); });
    return node;
  }
  return { slider, choice, toggle, search, when, update: () => updates.forEach((update) => update()) };
}

function group(name, ...nodes) {
  return element("span", { class: "bm-field" }, element("span", { class: "bm-label", "aria-hidden": "true" }, name), element("span", { class: "bm-toggles", role: "group", "aria-label": name }, ...nodes));
}

/**
 * The controls of a view, above its pictures and next to the grid.
 * @param {object} view with state, set and signal
 */
export function controls(view) {
  const { about, state } = view;
  const { slider, choice, toggle, search, when, update } = maker(view);
  const shows = (name) => toggle(name, () => view.state.pictures.includes(name), (yes) => ({
    pictures: CHOICES.pictures.filter((one) => (one === name ? yes : view.state.pictures.includes(one))),
  }));
  const hasHeads = () => !isOfLayers(state.method);

  const bar = element("div", { class: "bm-controls", role: "group", "aria-label": "What is shown" },
    slider("Layer", about.layers - 1, () => state.layer, (layer) => ({ layer })),
    when(hasHeads, slider("Head", about.heads - 1, () => state.heads[0], (head) => ({ heads: [head] }))),
    when(() => hasHeads() && state.heads.length > 1, choice("Several heads", "combine", CHOICES.combine)),
    choice("Method", "method", about.methods),
    ...(about.outputs.length > 1 ? [when(() => state.method === "gradient", choice("Towards", "output", ["", ...about.outputs], (name) => name || `${about.outputs[0]} (predicted)`))] : []),
    ...(about.pair ? [choice("Sentences", "sentences", CHOICES.sentences, String)] : []),
    choice("Direction", "direction", CHOICES.direction, (name) => (name === "attended by" ? "is attended by" : name)),
    choice("Scale", "scale", CHOICES.scale),
    slider("Lines per token", 12, () => state.top, (top) => ({ top })),
    slider("Lines from", 1, () => state.threshold, (threshold) => ({ threshold }), { step: 0.01, shown: (share) => `${Math.round(100 * share)} % of the largest` }),
    search("Find", "find"),
    group("Tokens",
      toggle("whole words", () => state.merge_words, (merge_words) => ({ merge_words })),
      toggle("no special", () => state.hide_special, (hide_special) => ({ hide_special }))),
    group("Show", ...CHOICES.pictures.map(shows)),
  );
  const statistic = choice("Bars show", "statistic", []);
  const aside = when(hasHeads, element("div", { class: "bm-controls" }, statistic, choice("Order", "order", CHOICES.order, (name) => (name === "model" ? "as in the model" : "largest first"))));
  const select = statistic.querySelector("select");
  const fill = (names) => select.replaceChildren(...names.map((name) => element("option", { value: name }, plainName(name))));
  return { bar, aside, fill, update };
}

/** Buttons in a row, by name; `pressed` is called with the action of a button. */
export function buttons(view, actions, pressed) {
  const row = element("span", { class: "bm-buttons", role: "group", "aria-label": "Save what is shown" });
  for (const [name, act] of Object.entries(actions)) {
    const button = element("button", { type: "button", "aria-label": `Save as ${name}` }, name);
    button.addEventListener("click", () => pressed(act), { signal: view.signal });
    row.append(button);
  }
  return row;
}
