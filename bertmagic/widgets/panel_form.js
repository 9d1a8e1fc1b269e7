/** The parts of the panel that describe a run: its data, its options, and the cell that does the same. */
import { canInsert, copyText, insertBelow } from "./clipboard.js";
import { element } from "./element.js";
import { putMarkup } from "./markup.js";
import { field, fillList } from "./panel_field.js";

/** The rows and their columns, and the report of them, which is folded. */
export function dataPart(view) {
  const row = element("div", { class: "bm-lists" });
  const error = element("div", { role: "alert" });
  const headline = element("summary");
  const report = element("div", { class: "bm-markup" });
  const folded = element("details", { class: "bm-fold" }, headline, report);
  let [roles, shown] = ["", ""];

  function list(name, help, choices, value, picked) {
    const id = `${view.id}-${name.replaceAll(" ", "-")}-list`;
    const select = element("select", { id, "aria-describedby": `${id}-help` });
    fillList(select, choices);
    select.value = JSON.stringify(value);
    view.on(select, "change", () => picked(JSON.parse(select.value)));
    return element("span", { class: "bm-list" }, element("label", { for: id, title: help }, name), select, element("span", { id: `${id}-help`, hidden: "" }, help));
  }

  function update() {
    const data = view.get("_data");
    const key = JSON.stringify([data.code, data.choices, data.roles]);
    if (key !== roles) {
      const focused = row.contains(row.getRootNode().activeElement) ? row.getRootNode().activeElement.id : "";
      row.replaceChildren(
        list("data", data.help, data.choices.map((code) => [code, code]), data.code, (code) => view.press("data", { text: code })),
        ...data.roles.map(({ role, help, choices, value }) => list(role, help, choices, value, (name) => view.press("column", { role, text: name }))),
      );
      if (focused) row.querySelector(`#${CSS.escape(focused)}`)?.focus();
    }
    roles = key;
    putMarkup(error, data.error);
    folded.hidden = !data.report;
    headline.textContent = data.headline;
    if (data.report !== shown) putMarkup(report, data.report);
    shown = data.report;
  }
  return { nodes: [row, error, folded], update };
}

/** All options: some in sight, the others folded in groups. */
export function optionsPart(view) {
  const first = element("div", { class: "bm-rows" });
  const more = element("div", { class: "bm-groups" });
  const summary = element("summary");
  const folded = element("details", { class: "bm-fold" }, summary, more);
  let [fields, drawn] = [[], ""];

  function build({ first: seen, more: groups }) {
    const make = (spec) => { const one = field(view, spec); fields.push(one); return one.row; };
    fields = [];
    first.replaceChildren(...seen.controls.map(make));
    more.replaceChildren(...groups.map(({ title, controls }) => {
      const id = `${view.id}-${title.replaceAll(" ", "-")}`;
      return element("div", { role: "group", "aria-labelledby": id }, element("div", { class: "bm-group", id }, title), ...controls.map(make));
    }));
  }

  function update() {
    const spec = view.get("_spec");
    const key = JSON.stringify(spec);
    if (key !== drawn) {
      const focused = view.root.getRootNode().activeElement?.id;
      build(spec);
      if (focused) view.root.querySelector(`#${CSS.escape(focused)}`)?.focus();
    }
    drawn = key;
    for (const one of fields) one.update();
    const [chosen, problems] = [view.get("chosen"), view.get("_problems")];
    const inside = spec.more.flatMap(({ controls }) => controls.map(({ name }) => name));
    const many = inside.filter((name) => name in chosen).length;
    summary.textContent = many ? `More options (${many} set)` : "More options";
    if (inside.some((name) => name in problems)) folded.open = true;
  }
  return { first, folded, nodes: [folded], update };
}

/** Buttons for a line or a cell of code; what they did is said next to them. */
export function codeButtons(view, code, what) {
  const said = element("span", { role: "status", class: "bm-faint" });
  const copy = element("button", { type: "button", "aria-label": `Copy ${what}` }, "Copy");
  const insert = element("button", { type: "button", "aria-label": `Insert ${what} below` }, "Insert below");
  const say = (words) => { said.textContent = words; };
  view.on(copy, "click", async () => say(await copyText(code()) ? "Copied." : "Select the text and press Ctrl+C."));
  view.on(insert, "click", async () => {
    if (await insertBelow(view.root, code())) return say("Inserted below.");
    return say(await copyText(code()) ? "This page takes no new cell: the code is copied." : "This page takes no new cell.");
  });
  return { node: element("span", { class: "bm-buttons" }, copy, insert, said), update: () => { insert.hidden = !canInsert(view.root); }, say };
}

/** The estimate, and the cell that does the same as the panel. */
export function cellPart(view) {
  const estimate = element("div", { class: "bm-markup" });
  const code = element("pre", { tabindex: 0, role: "region", "aria-label": "The cell that does the same as this panel" });
  const buttons = codeButtons(view, () => view.get("_cell"), "the cell");
  const reset = element("button", { type: "button" }, "Reset all");
  view.on(reset, "click", () => view.resetAll());
  buttons.node.insertBefore(reset, buttons.node.lastChild);
  let shown = null;

  function update() {
    const [markup, cell] = [view.get("_estimate"), view.get("_cell")];
    if (markup !== shown) putMarkup(estimate, markup);
    shown = markup;
    if (code.textContent !== cell) { code.textContent = cell; buttons.say(""); }
    reset.disabled = Object.keys(view.get("chosen")).length === 0;
    buttons.update();
  }
  return { nodes: [estimate, code, buttons.node], update };
}
