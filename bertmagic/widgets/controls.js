/** Sliders, choices and buttons; each has a name, and each says what it is set to. */

let serial = 0;

export function element(tag, marks = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(marks)) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** A label with what it names: one element, found by screen readers. */
function labelled(text, input, ...after) {
  input.id = `bm-${++serial}`;
  return element("span", { class: "bm-field" }, element("label", { for: input.id }, text), input, ...after);
}

/** @param {object} view with state, set and signal */
export function controls(view) {
  const { about, signal } = view;
  const updates = [];
  const on = (node, event, act) => node.addEventListener(event, act, { signal });

  function slider(text, name, most, read, write, step = 1) {
    const input = element("input", { type: "range", min: 0, max: most, step });
    const out = element("output");
    on(input, "input", () => view.set(write(Number(input.value))));
    updates.push(() => { input.value = read(); out.textContent = String(read()); input.setAttribute("aria-valuetext", `${text} ${read()}`); });
    return labelled(text, input, out);
  }

  function choice(text, name, options) {
    const input = element("select");
    for (const option of options) input.append(element("option", { value: option }, option.replaceAll("_", " ")));
    on(input, "change", () => view.set({ [name]: input.value }));
    updates.push(() => { input.value = view.state[name]; });
    return labelled(text, input);
  }

  function toggle(text, read, write) {
    const input = element("input", { type: "checkbox" });
    on(input, "change", () => view.set(write(input.checked)));
    updates.push(() => { input.checked = read(); });
    return labelled(text, input);
  }

  const find = element("input", { type: "search", placeholder: "token", size: 9 });
  on(find, "input", () => view.set({ find: find.value }));
  updates.push(() => { if (find.value !== view.state.find) find.value = view.state.find; });

  const shows = (name) => toggle(name, () => view.state.pictures.includes(name), (yes) => ({
    pictures: ["grid", "lines", "heat map", "text"].filter((one) => (one === name ? yes : view.state.pictures.includes(one))),
  }));

  const bar = element("div", { class: "bm-controls", role: "group", "aria-label": "What is shown" },
    slider("Layer", "layer", about.layers - 1, () => view.state.layer, (layer) => ({ layer })),
    slider("Head", "head", about.heads - 1, () => view.state.heads[0], (head) => ({ heads: [head] })),
    choice("Method", "method", about.methods),
    ...(about.pair ? [choice("Sentences", "sentences", ["all", "A→A", "A→B", "B→A", "B→B"])] : []),
    choice("Pinned token", "direction", ["attends to", "attended by"]),
    choice("Scale", "scale", ["linear", "square root"]),
    toggle("whole words", () => view.state.merge_words, (merge_words) => ({ merge_words })),
    toggle("hide special tokens", () => view.state.hide_special, (hide_special) => ({ hide_special })),
    slider("Lines a token", "top", 12, () => view.state.top, (top) => ({ top })),
    slider("from weight", "threshold", 1, () => view.state.threshold, (threshold) => ({ threshold }), 0.01),
    labelled("Find", find),
    element("span", { class: "bm-field", role: "group", "aria-label": "Pictures" }, ...["grid", "lines", "heat map", "text"].map(shows)),
  );
  const several = element("span", { class: "bm-field" }, choice("Several heads:", "combine", ["mean", "max"]));
  updates.push(() => { several.hidden = view.state.heads.length < 2; });
  bar.append(several);

  const aside = element("div", { class: "bm-controls" },
    choice("Bars show", "statistic", []), choice("Order", "order", ["model", "statistic"]));
  const select = aside.querySelector("select");
  const fill = (statistics) => select.replaceChildren(...Object.keys(statistics).map((name) => element("option", { value: name }, name.replaceAll("_", " "))));
  return { bar, aside, fill, update: () => updates.forEach((update) => update()) };
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


