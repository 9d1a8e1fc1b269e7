// Rows to read: filtered, sorted and searched in the page, with no kernel. `data` is set by the line before this script.
// All text of the data is put in as text nodes, never as HTML.
const $ = (id) => document.getElementById(id);
data.rows = data.rows.map((values) => Object.fromEntries(data.fields.map((name, at) => [name, values[at]])));
const state = { kind: "wrong", cell: null, words: "", sort: "order", down: false, shown: 50 };

function element(name, text, attributes = {}) {
  const found = document.createElement(name);
  if (text !== undefined) found.textContent = text;
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  return found;
}

const wanted = {
  wrong: (row) => row.wrong,
  uncertain: (row) => row.kinds.includes("uncertain"),
  all: () => true,
};

function matching() {
  const words = state.words.toLowerCase();
  const found = data.rows.filter((row) =>
    (state.cell ? row.true === state.cell[0] && row.predicted === state.cell[1] : wanted[state.kind](row)) &&
    (!words || `${row.row} ${row.text} ${row.true} ${row.predicted}`.toLowerCase().includes(words)));
  const key = state.sort;
  const compare = (a, b) => {
    const [first, second] = [a[key], b[key]];
    const order = typeof first === "number" ? first - second : String(first).localeCompare(String(second), undefined, { numeric: true });
    return state.down ? -order : order;
  };
  return found.sort(compare);
}

const lines = {
  explain: "a cell that says which words speak for this prediction",
  attention: "a cell that shows what the model looks at",
};

function line(row, what) {
  const parts = row.text.split(" ||| ");
  if (data.calls) {
    const call = `${data.model}.${what}(${parts.map((text) => JSON.stringify(text)).join(", ")})`;
    return what === "attention" ? `${call}.view()` : call;
  }
  const quoted = parts.map((text) =>
    (/["\\\n\r\t]/.test(text) || !text ? `{${JSON.stringify(text)}}` : `"${text}"`));
  return `%bert_${what} ${quoted.join(" ")} -m ${data.model}`;
}

function copy(button, row, what) {
  const area = element("textarea", line(row, what), { readonly: "", rows: "2", "aria-label": "the line for a cell" });
  button.replaceWith(area);
  area.select();
  // The sandbox has no clipboard of its own; where this is refused the line is selected, for Ctrl+C.
  try { document.execCommand("copy"); } catch { /* selected */ }
}

function chances(row) {
  const cell = element("td");
  for (const [label, chance] of row.chances) {
    const bar = element("div", `${label} ${(100 * chance).toFixed(1)} %`, { class: "bar" });
    bar.style.setProperty("--share", `${(100 * chance).toFixed(1)}%`);
    cell.append(bar);
  }
  return cell;
}

function drawn(row) {
  const line = element("tr", undefined, { class: row.wrong ? "wrong" : "right" });
  const text = element("td", row.text + (row.cut ? " …" : ""), { class: "text" });
  text.append(element("br"));
  for (const [what, title] of Object.entries(lines)) {
    const button = element("button", `${what} line`, { title });
    button.addEventListener("click", () => copy(button, row, what));
    text.append(button, " ");
  }
  line.append(element("th", row.row, { scope: "row" }), text, element("td", row.true),
    element("td", (row.wrong ? "✗\u00a0" : "✓\u00a0") + row.predicted));
  if (data.chances) line.append(chances(row));
  else line.append(element("td", row.score.toPrecision(4), { class: "number" }));
  return line;
}

function draw() {
  const found = matching();
  $("rows").replaceChildren(...found.slice(0, state.shown).map(drawn));
  $("more").hidden = found.length <= state.shown;
  const of = state.cell ? ` true ${state.cell[0]}, predicted ${state.cell[1]};` : "";
  $("count").textContent = `${of} ${found.length} of ${data.rows.length} rows listed here`;
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const on = head.dataset.sort === state.sort;
    head.setAttribute("aria-sort", on ? (state.down ? "descending" : "ascending") : "none");
  }
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.setAttribute("aria-pressed", String(!state.cell && button.dataset.kind === state.kind));
  }
  for (const cell of document.querySelectorAll("[data-cell]")) {
    const [at, to] = JSON.parse(cell.dataset.cell);
    const on = state.cell && data.names[at] === state.cell[0] && data.names[to] === state.cell[1];
    cell.setAttribute("aria-pressed", String(Boolean(on)));
  }
}

function matrix() {
  const table = $("matrix");
  const head = element("tr");
  head.append(element("td", "true ↓ predicted →"), ...data.names.map((name) => element("th", name, { scope: "col" })));
  table.append(head);
  data.matrix.forEach((counts, at) => {
    const total = Math.max(1, counts.reduce((sum, many) => sum + many, 0));
    const line = element("tr");
    line.append(element("th", data.names[at], { scope: "row" }));
    counts.forEach((many, to) => {
      const cell = element("td");
      const button = element("button", many.toLocaleString("en"), { "data-cell": JSON.stringify([at, to]) });
      button.title = `true ${data.names[at]}, predicted ${data.names[to]}: ${many} rows`;
      button.style.setProperty("--share", (many / total).toFixed(3));
      button.className = at === to ? "hit" : "miss";
      button.disabled = !many;
      button.addEventListener("click", () => {
        const same = state.cell && state.cell[0] === data.names[at] && state.cell[1] === data.names[to];
        state.cell = same ? null : [data.names[at], data.names[to]];
        state.shown = 50;
        draw();
      });
      cell.append(button);
      line.append(cell);
    });
    table.append(line);
  });
}

data.rows.forEach((row, at) => { row.order = at; });
if (data.matrix) matrix();
for (const button of document.querySelectorAll("[data-kind]")) {
  button.addEventListener("click", () => { Object.assign(state, { kind: button.dataset.kind, cell: null, shown: 50 }); draw(); });
}
for (const head of document.querySelectorAll("th[data-sort] button")) {
  head.addEventListener("click", () => {
    const sort = head.parentElement.dataset.sort;
    Object.assign(state, { down: state.sort === sort && !state.down, sort });
    draw();
  });
}
$("search").addEventListener("input", (event) => { state.words = event.target.value; state.shown = 50; draw(); });
$("more").addEventListener("click", () => { state.shown += 100; draw(); });
$("theme").addEventListener("click", () => {
  const dark = getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
  document.documentElement.dataset.theme = dark ? "light" : "dark";
});
draw();
