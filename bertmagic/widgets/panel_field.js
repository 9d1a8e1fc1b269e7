/** One option of the form: its label, its control, how to set it back, and its help. */
import { element } from "./element.js";

const SLIDER_STEPS = 200; // positions of a slider on a logarithmic scale
const TICK_ROOM = 0.17; // share of the slider that the words of a mark take

/** A learning rate as bertmagic/options/rates.py writes it: 1e-4, 2.5e-5, 0.05. */
export function rateText(value, digits = 3) {
  if (value === 0 || !Number.isFinite(value) || Math.abs(value) >= 0.00999) return String(Number(value.toPrecision(digits)));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${Number(mantissa)}e${Number(exponent)}`;
}

/** @returns {string} a value as it is written in a field; null stands for what the run decides */
function textOf(spec, value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return String(value);
  return spec.kind === "log" ? rateText(value) : String(Number(value.toPrecision(6)));
}

/** What a typed text stands for: a number where it is one. Python checks it. */
const valueOf = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

/** Between the values of an option and the positions of its slider: `ends` widens it for a value outside. */
function scaleOf(spec) {
  if (spec.kind === "stops") {
    let stops = spec.stops;
    return {
      ends: (value) => { stops = [...new Set([...spec.stops, value])].sort((a, b) => a - b); return [0, stops.length - 1, 1]; },
      at: (value) => stops.indexOf(value),
      value: (place) => Math.min(stops[Math.round(place)], spec.limit ?? Infinity),
      ticks: spec.stops,
    };
  }
  const { log10 } = Math;
  const [to, from] = spec.kind === "log" ? [log10, (place) => Number((10 ** place).toPrecision(2))] : [Number, (place) => Number(place.toPrecision(6))];
  return {
    ends: (value) => {
      const [low, high] = [Math.min(spec.low, value), Math.max(spec.high, value)];
      return [to(low), to(high), spec.kind === "log" ? (to(spec.high) - to(spec.low)) / SLIDER_STEPS : spec.step];
    },
    at: to,
    value: from,
    ticks: spec.ticks,
  };
}

/** Marks below a slider at round values; the thumb is 16 pixels wide, so that its middle is never at the edge. */
function drawTicks(node, spec, scale, [low, high]) {
  let free = Infinity; // words are left out where there is no room for them
  node.replaceChildren(...[...scale.ticks].reverse().map((value) => {
    const part = (scale.at(value) - low) / (high - low);
    const isBeyond = spec.limit && value > spec.limit;
    const words = part < free ? textOf(spec, value) : "";
    if (words) free = part - TICK_ROOM;
    const tick = element("span", { class: isBeyond ? "bm-beyond" : null }, words);
    tick.style.left = `calc(8px + ${part} * (100% - 16px))`;
    return tick;
  }));
}

/** A slider with a field for values that are not on it. */
function slider(view, spec, id) {
  const scale = scaleOf(spec);
  const range = element("input", { type: "range", id });
  const text = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": `${spec.name} as a number` });
  const ticks = element("span", { class: "bm-ticks", "aria-hidden": "true" });
  let drawn = "";
  view.on(range, "input", () => view.choose(spec.name, scale.value(Number(range.value)), true));
  view.on(range, "change", () => view.flush());
  typed(view, spec, text);
  return {
    nodes: [element("span", { class: "bm-range" }, range, ticks), text],
    inputs: [range, text],
    update(value, standard) {
      showText(text, textOf(spec, value));
      const place = typeof value === "number" && (value > 0 || spec.kind !== "log") ? value : standard;
      const [min, max, step] = scale.ends(place);
      Object.assign(range, { min, max, step, value: scale.at(place) });
      range.setAttribute("aria-valuetext", textOf(spec, place));
      const key = [min, max].join();
      if (key !== drawn) drawTicks(ticks, spec, scale, [min, max]);
      drawn = key;
    },
  };
}

/** Send what is typed once it is done; an empty field is the default. */
function typed(view, spec, input) {
  const send = () => (input.value.trim() === "" ? view.reset(spec.name) : view.choose(spec.name, valueOf(input.value)));
  view.on(input, "change", send);
  view.on(input, "keydown", ({ key, isComposing }) => { if (key === "Enter" && !isComposing) send(); }); // a page may take it
}

/** Show a value in a field that the user is not typing into. */
function showText(input, words) {
  if (input.getRootNode().activeElement !== input || input.dataset.shown !== words) input.value = words;
  input.dataset.shown = words;
}

function number(view, spec, id) {
  const input = element("input", { type: "number", id, step: "any", min: spec.low, max: spec.high });
  view.on(input, "keydown", (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    const next = Number(((Number(input.value) || 0) + direction * spec.step).toPrecision(9));
    view.choose(spec.name, Math.min(spec.high ?? Infinity, Math.max(spec.low ?? -Infinity, next)));
  });
  typed(view, spec, input);
  return {
    nodes: [input], inputs: [input],
    update(value) {
      input.placeholder = automatic(view, spec);
      showText(input, textOf(spec, value));
    },
  };
}

function text(view, spec, id) {
  const input = element("input", { type: "text", id, autocomplete: "off", spellcheck: "false" });
  typed(view, spec, input);
  return { nodes: [input], inputs: [input], update: (value) => showText(input, textOf(spec, value)) };
}

/** Fill a list if its choices are others than before; each is a value and words. */
export function fillList(select, choices) {
  const key = JSON.stringify(choices);
  if (select.dataset.key === key) return;
  const { value } = select;
  if (select.options.length === choices.length) { // in place, so that an open list stays open
    choices.forEach(([one, words], at) => { select.options[at].value = JSON.stringify(one); select.options[at].textContent = words; });
  } else {
    select.replaceChildren(...choices.map(([one, words]) => element("option", { value: JSON.stringify(one) }, words)));
  }
  select.value = value;
  select.dataset.key = key;
}

/** What stands for an option that is left open. */
const automatic = (view, spec) => view.get("_automatic")[spec.name] ?? "by default";

/** The choices of an option; null is what the run takes by itself. */
const choicesOf = (view, spec) => spec.choices.map(([value, words]) => [value, words || automatic(view, spec)]);

function choice(view, spec, id, choices = () => choicesOf(view, spec)) {
  const select = element("select", { id });
  view.on(select, "change", () => view.choose(spec.name, JSON.parse(select.value)));
  return {
    nodes: [select], inputs: [select],
    update(value) {
      fillList(select, choices());
      select.value = JSON.stringify(value ?? null);
    },
  };
}

const KINDS = {
  log: slider, linear: slider, stops: slider, number, text, choice,
  models: (view, spec, id) => choice(view, spec, id, () => view.get("_models")),
};

/** An option in a row: label, control, "back to the default", help, and what is wrong with its value.
 * @param {object} view with get, choose, reset, flush and on
 * @param {object} spec as bertmagic/widgets/panel_form.py describes it
 */
export function field(view, spec) {
  const id = `${view.id}-${spec.name}`;
  const control = KINDS[spec.kind](view, spec, id);
  const label = element("label", { for: id, title: spec.help }, spec.name);
  const changed = element("span", { class: "bm-changed", hidden: "" });
  const back = element("button", { type: "button", class: "bm-icon bm-back" }, "↺");
  const about = element("button", { type: "button", class: "bm-icon", "aria-label": `About ${spec.name}`, "aria-expanded": "false", "aria-controls": `${id}-help` }, "?");
  const help = element("div", { class: "bm-help", id: `${id}-help`, hidden: "" }, ...helpOf(spec));
  const problem = element("div", { class: "bm-problem", id: `${id}-problem` });
  view.on(back, "click", () => { view.reset(spec.name); control.inputs[0].focus(); });
  view.on(about, "click", () => {
    help.hidden = !help.hidden;
    about.setAttribute("aria-expanded", String(!help.hidden));
  });
  for (const input of control.inputs) input.setAttribute("aria-describedby", `${id}-help ${id}-problem`);
  const needs = element("span", { class: "bm-faint bm-needs" }, spec.needs ? `with ${spec.needs[0]} = ${spec.needs[1]}` : "");
  const row = element("div", { class: `bm-row bm-${spec.kind}` }, element("span", { class: "bm-name" }, label, changed, needs),
    element("span", { class: "bm-control" }, ...control.nodes), element("span", { class: "bm-tools" }, back, about), problem, help);

  function update() {
    const [defaults, chosen] = [view.get("_defaults"), view.get("chosen")];
    const value = spec.name in chosen ? chosen[spec.name] : defaults[spec.name];
    control.update(value, defaults[spec.name]);
    const isChanged = spec.name in chosen && JSON.stringify(value) !== JSON.stringify(defaults[spec.name] ?? null);
    const standard = textOf(spec, defaults[spec.name]) || automatic(view, spec).replace("by default: ", "");
    changed.hidden = !isChanged;
    changed.replaceChildren(element("span", { "aria-hidden": "true" }, "●"), element("span", { class: "bm-unseen" }, ` (changed; default: ${standard})`));
    back.hidden = !(spec.name in chosen);
    back.title = `Back to the default: ${standard}`;
    back.setAttribute("aria-label", `Set ${spec.name} back to the default: ${standard}`);
    const wrong = view.get("_problems")[spec.name] ?? "";
    problem.textContent = wrong;
    for (const input of control.inputs) input.setAttribute("aria-invalid", String(Boolean(wrong)));
    needs.hidden = !spec.needs || view.value(spec.needs[0]) === spec.needs[1];
  }
  return { row, update, spec };
}

/** The help of an option: what it is, the reason of its default, when to change it, and what it needs. */
function helpOf({ help, reason, change, needs }) {
  const parts = [["", help], ["Why this default: ", reason], ["When to change it: ", change], ["", needs && `It has an effect with ${needs[0]} = ${needs[1]}.`]];
  return parts.filter(([, words]) => words).map(([before, words]) => element("p", {}, ...(before ? [element("b", {}, before)] : []), words));
}
