/** Sliders, choices and buttons; each has a name, and each says what it is set to. */
import DESIGN from "../display/attention/design.json" with { type: "json" };
import { plainName } from "./numbers.js";

const { choices: CHOICES } = DESIGN;

let serial = 0;

export function element(tag, marks = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(marks)) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** A label above what it names. */
function labelled(text, input, after) {
  input.id = `bm-${++serial}`;
  const label = element("label", { for: input.id }, text);
  if (after) label.append(" ", after);
  return element("span", { class: "bm-field" }, label, input);
}

/** What makes controls of one view, and brings all of them up to date. */
function maker(view) {
  const updates = [];
  const on = (node, event, act) => node.addEventListener(event, act, { signal: view.signal });

  function slider(text, most, read, write, step = 1) {
    const input = element("input", { type: "range", min: 0, max: most, step });
    const out = element("output");
    on(input, "input", () => view.set(write(Number(input.value))));
    updates.push(() => {
      input.value = read();
      out.textContent = String(read());
      input.setAttribute("aria-valuetext", `${text} ${read()}`);
    });
    return labelled(text, input, out);
  }

  function choice(text, name, options, say = plainName) {
    const input = element("select");
    input.append(...options.map((option) => element("option", { value: option }, say(option))));
    on(input, "change", () => view.set({ [name]: input.value }));
    updates.push(() => { input.value = view.state[name]; });
    return labelled(text, input);
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
    return labelled(text, input);
  }

  /** Only there while it means something. */
  function when(test, node) {
    updates.push(() => { node.hidden = !test(); });
    return node;
  }
  return { slider, choice, toggle, search, when, update: () => updates.forEach((update) => update()) };
}

function group(name, ...nodes) {
  return element("span", { class: "bm-field" }, element("span", { class: "bm-label", "aria-hidden": "true" }, name), element("span", { class: "bm-toggles", role: "group", "aria-label": name }, ...nodes));
}

/** @param {object} view with state, set and signal */
export function controls(view) {
  const { about, state } = view;
  const { slider, choice, toggle, search, when, update } = maker(view);
  const shows = (name) => toggle(name, () => view.state.pictures.includes(name), (yes) => ({
    pictures: CHOICES.pictures.filter((one) => (one === name ? yes : view.state.pictures.includes(one))),
  }));
  const ofHeads = () => !["head_mean", "head_max", "rollout"].includes(state.method);

  const bar = element("div", { class: "bm-controls", role: "group", "aria-label": "What is shown" },
    slider("Layer", about.layers - 1, () => state.layer, (layer) => ({ layer })),
    when(ofHeads, slider("Head", about.heads - 1, () => state.heads[0], (head) => ({ heads: [head] }))),
    when(() => ofHeads() && state.heads.length > 1, choice("Several heads", "combine", CHOICES.combine)),
    choice("Method", "method", about.methods),
    ...(about.outputs.length > 1 ? [when(() => state.method === "gradient", choice("Towards", "output", ["", ...about.outputs], (name) => name || `${about.outputs[0]} (said)`))] : []),
    ...(about.pair ? [choice("Sentences", "sentences", CHOICES.sentences, String)] : []),
    choice("Direction", "direction", CHOICES.direction, (name) => (name === "attended by" ? "is attended by" : name)),
    choice("Scale", "scale", CHOICES.scale),
    slider("Lines a token", 12, () => state.top, (top) => ({ top })),
    slider("From weight", 1, () => state.threshold, (threshold) => ({ threshold }), 0.01),
    search("Find", "find"),
    group("Tokens",
      toggle("whole words", () => state.merge_words, (merge_words) => ({ merge_words })),
      toggle("no special", () => state.hide_special, (hide_special) => ({ hide_special }))),
    group("Show", ...CHOICES.pictures.map(shows)),
  );
  const statistic = choice("Bars show", "statistic", []);
  const aside = element("div", { class: "bm-controls" }, statistic, choice("Order", "order", CHOICES.order, (name) => (name === "model" ? "as in the model" : "largest first")));
  const select = statistic.querySelector("select");
  const fill = (names) => select.replaceChildren(...names.map((name) => element("option", { value: name }, plainName(name))));
  return { bar, aside, fill, update };
}

/** Buttons in a row; what each does may take a while. */
export function buttons(view, actions, pressed) {
  const row = element("span", { class: "bm-buttons", role: "group", "aria-label": "Save what is shown" });
  for (const [name, act] of Object.entries(actions)) {
    const button = element("button", { type: "button", "aria-label": `Save as ${name}` }, name);
    button.addEventListener("click", () => pressed(act), { signal: view.signal });
    row.append(button);
  }
  return row;
}
