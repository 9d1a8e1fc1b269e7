/** Words and numbers next to the pictures: the prediction, the weights of a token, the statistics of a head. */
import { element } from "./element.js";
import DESIGN from "../display/attention/design.json" with { type: "json" };
import { isOfLayers, isolated, number, plainName, short, statisticText, weights } from "./numbers.js";
import { focus } from "./pictures.js";
import { keyOf, methodOf } from "./store.js";

const LISTED = 8; // weights in the list
const RANKED = 6; // heads in the ranking

/** Class probabilities, or the model's output in words; a second line for the model or text of a comparison. */
export function predicted(about) {
  const line = ({ said, prediction }, name) => {
    const box = element("div", { class: "bm-predicted" });
    if (!said && !prediction.length) return box;
    if (name) box.append(element("span", { class: "bm-faint", dir: "auto" }, short(name, 60)));
    if (said && !prediction.length) box.append(element("span", { dir: "auto" }, said));
    for (const [label, score] of prediction.slice(0, 6)) {
      const bar = element("span", { class: "bm-bar", "aria-hidden": "true" }, element("span"));
      bar.firstChild.style.width = `${100 * Math.max(0, Math.min(1, score))}%`;
      box.append(element("span", { class: "bm-class" }, element("span", { dir: "auto" }, short(label, 40)), bar, `${(100 * score).toFixed(1)} %`));
    }
    return box;
  };
  const other = about.compared;
  const lines = [line(about, other && (other.text ? "this text" : about.model))];
  if (other) lines.push(line(other, other.text ?? other.with));
  return element("div", { role: "group", "aria-label": "Prediction" }, ...lines.filter((one) => one.childNodes.length));
}

/** The largest weights of the token under the pointer or of the pinned ones, exact as soon as they have arrived. */
export function weightList(view) {
  const title = element("div", { class: "bm-number", "aria-live": "polite" });
  const numbers = element("table", { class: "bm-numbers", "aria-label": "The largest weights" });

  function sentence({ forward, at }) {
    const sources = forward ? view.shown.rows : view.shown.columns;
    const names = at.slice(0, 4).map((one) => `“${isolated(short(sources[one].text, 24))}”`).join(" + ");
    const more = at.length > 4 ? ` + ${at.length - 4} more` : "";
    const many = at.length > 1;
    return `${names}${more} ${forward ? (many ? "attend to" : "attends to") : many ? "are attended by" : "is attended by"}`;
  }

  function update() {
    const focused = focus(view);
    numbers.replaceChildren();
    title.classList.toggle("bm-faint", !focused);
    title.textContent = focused ? sentence(focused) : "Point at a token to see its numbers; a click pins it.";
    if (!focused) return;
    const targets = focused.forward ? view.shown.columns : view.shown.rows;
    const values = weights(view.shown, focused.forward, focused.at);
    const largest = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a])).slice(0, LISTED);
    for (const at of largest) {
      const row = numbers.insertRow();
      row.append(element("th", { scope: "row", dir: "auto" }, short(targets[at].text, 24)), element("td", {}, weightText(view, values[at])));
    }
  }
  return { box: element("div", { class: "bm-list" }, title, numbers), update };
}

/** A weight with five decimals if it is exact, else rounded. */
export function weightText(view, value) {
  return view.exact ? number(value) : `≈ ${value.toFixed(2)}`;
}

/** What is under the pointer in the grid and the heat map, next to the pointer. */
export function tooltip(view) {
  const node = element("div", { class: "bm-tip", "aria-hidden": "true", hidden: "" });

  function words() {
    const { shown, hover, pointer } = view;
    if (!pointer) return "";
    if (pointer.head) {
      const [layer, head] = pointer.head;
      const value = view.statistics[view.state.statistic]?.[layer * view.about.heads + head];
      return `layer ${layer}, head ${head}${value == null ? "" : ` · ${plainName(view.state.statistic)} ${statisticText(value)}`}`;
    }
    if (!hover?.cell || !shown) return "";
    const [row, column] = hover.cell;
    const value = shown.matrix[row * shown.columns.length + column];
    return `${isolated(short(shown.rows[row].text, 24))} → ${isolated(short(shown.columns[column].text, 24))}  ${weightText(view, value)}`;
  }

  function update() {
    const text = words();
    node.hidden = !text;
    if (!text) return;
    node.textContent = text;
    const edge = view.root.getBoundingClientRect();
    const left = view.pointer.x - edge.left + 14;
    const over = left + node.offsetWidth > edge.width ? node.offsetWidth + 28 : 0;
    Object.assign(node.style, { left: `${Math.max(0, left - over)}px`, top: `${view.pointer.y - edge.top + 16}px` });
  }
  return { node, update };
}

/** The heads with the largest statistic, each a button that shows the head. */
export function ranking(view) {
  const title = element("span", { class: "bm-faint" });
  const list = element("span", { class: "bm-heads" });
  const box = element("div", { class: "bm-ranking", role: "group", "aria-label": "Heads in order" }, title, list);
  let shown = "";

  function update() {
    const { statistic, method } = view.state;
    const values = view.statistics[statistic];
    box.hidden = isOfLayers(method);
    if (!values || shown === statistic) return;
    shown = statistic;
    title.textContent = DESIGN.words.ranked.replace("{name}", () => plainName(statistic));
    const best = Array.from(values.keys()).filter((at) => values[at] !== null).sort((a, b) => values[b] - values[a]).slice(0, RANKED);
    list.replaceChildren(...best.map((at) => {
      const [layer, head] = [Math.floor(at / view.about.heads), at % view.about.heads];
      const button = element("button", { type: "button", "aria-label": `layer ${layer}, head ${head}: ${plainName(statistic)} ${statisticText(values[at])}`, title: statisticText(values[at]) }, `${layer}·${head}`);
      button.addEventListener("click", () => view.set({ layer, heads: [head] }), { signal: view.signal });
      return button;
    }));
  }
  return { box, update };
}

/** All statistics of the first chosen head with their ranks, and those of the same head in a comparison. */
export function headTable(view) {
  const table = element("table", { class: "bm-numbers", "aria-label": "Statistics of the chosen head" });
  const box = element("details", {}, element("summary", {}, "The numbers of this head"), table);

  function rank(values, at) {
    const finite = values.filter((value) => value !== null);
    return values[at] === null ? "" : `${finite.filter((value) => value > values[at]).length + 1} of ${finite.length}`;
  }

  function update() {
    box.hidden = isOfLayers(view.state.method);
    if (!box.open || box.hidden) return;
    const { about, state, statistics, sideBySide } = view;
    const at = state.layer * about.heads + state.heads[0];
    const other = sideBySide ? [sideBySide.text ? "this text" : short(about.model, 24), short(about.compared.text ?? about.compared.with, 24)] : ["value"];
    const head = element("tr", {}, element("th", { scope: "col" }, `layer ${state.layer}, head ${state.heads[0]}`), ...[...other, "rank"].map((name) => element("th", { scope: "col", dir: "auto" }, name)));
    const rows = Object.entries(statistics).map(([name, values]) => {
      const pair = sideBySide?.first[name] ? [sideBySide.first[name][at], sideBySide.second[name][at]] : [values[at], ...(sideBySide ? [null] : [])];
      return element("tr", {}, element("th", { scope: "row" }, plainName(name)), ...pair.map((value) => element("td", {}, statisticText(value))), element("td", {}, rank(values, at)));
    });
    table.replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  }
  box.addEventListener("toggle", view.redraw, { signal: view.signal });
  return { box, update };
}

/** Whether a picture still shows what was chosen before, because the kernel has not sent what is chosen now. */
export function isLate({ state, shown, drawn, thumbnails }, name) {
  if (name === "grid") return Boolean(thumbnails) && thumbnails.key !== methodOf(state);
  return Boolean(shown) && drawn !== keyOf(state);
}

/** Why the view does not show what was chosen: an error, a closed kernel, or an answer that takes long. */
export function status(view, live) {
  const node = element("div", { class: "bm-status", role: "status", "aria-live": "polite" });

  function update() {
    const { store } = view;
    const parts = view.error ? [view.error] : [];
    if (store.closed) parts.push(live ? "The kernel is closed. Heads that were loaded stay; others cannot be loaded." : "This is a saved page. Heads that are not in it cannot be loaded.");
    else if (store.slow) parts.push("Waiting for the kernel …");
    const [isHeadLate, isGridLate] = [isLate(view, "lines"), isLate(view, "grid")];
    if (isHeadLate && !store.busy()) parts.push("The previous head is still shown.");
    if (view.refused) parts.push("Not saved: what was chosen is not shown.");
    const text = parts.filter(Boolean).join(" ");
    if (node.textContent !== text) node.textContent = text;
    view.root.classList.toggle("bm-late", isHeadLate);
    view.root.classList.toggle("bm-late-grid", isGridLate);
  }
  return { node, update };
}
