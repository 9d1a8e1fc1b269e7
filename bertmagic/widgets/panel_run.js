/** The parts of the panel that act: buttons and frames of the run, and the trained model to try out. */
import { element } from "./element.js";
import { putMarkup } from "./markup.js";
import { rateText } from "./panel_field.js";
import { codeButtons } from "./panel_form.js";

const PATIENCE = 800; // milliseconds after which a press that the kernel has not taken is said to wait

const BUTTONS = {
  start: ["Start", "Start the run in the background"],
  stop: ["Stop", "Stop after the current step; the best weights are kept"],
  resume: ["Resume", "Continue from the newest checkpoint"],
  find: ["Find lr", "Increase the learning rate over 100 steps and suggest one"],
};

/** Start, Stop, Resume and Find lr, with what the run shows. */
export function runPart(view) {
  const row = element("div", { class: "bm-buttons", role: "group", "aria-label": "The run" });
  const buttons = {};
  for (const [action, [words, help]] of Object.entries(BUTTONS)) {
    buttons[action] = element("button", { type: "button", class: `bm-${action}`, title: help }, words);
    view.on(buttons[action], "click", () => view.press(action));
    row.append(buttons[action]);
  }
  const waits = element("div", { role: "status", class: "bm-faint" });
  const message = element("div", { role: "alert" });
  const frames = element("div", { class: "bm-frames" });
  const take = element("button", { type: "button", class: "bm-start" });
  view.on(take, "click", () => view.choose("lr", Number(view.get("_run").rate.toPrecision(2))));
  let [shown, said, timer] = [[], "", 0];

  function updateFrames(next) {
    while (frames.children.length > next.length) frames.lastChild.remove();
    next.forEach((markup, at) => {
      if (!frames.children[at]) frames.append(element("div", { class: "bm-markup" }));
      if (markup !== shown[at] || !frames.children[at].hasChildNodes()) putMarkup(frames.children[at], markup);
    });
    shown = next;
  }

  function update() {
    const run = view.get("_run");
    const isRunning = run.state !== "idle";
    const isWaiting = () => view.get("_heard") < view.pressed();
    for (const action of ["start", "resume", "find"]) buttons[action].disabled = isRunning || isWaiting();
    buttons.stop.disabled = !isRunning || run.stopping;
    row.setAttribute("aria-busy", String(isRunning));
    if (run.message !== said) putMarkup(message, run.message);
    said = run.message;
    updateFrames(view.get("_frames"));
    take.hidden = !run.rate;
    take.textContent = run.rate ? `Use it: lr = ${rateText(Number(run.rate.toPrecision(2)))}` : "";
    if (!isWaiting()) { clearTimeout(timer); timer = 0; waits.textContent = ""; }
    else timer ||= setTimeout(() => { if (isWaiting()) waits.textContent = "Waiting for the kernel, which is at work …"; }, PATIENCE);
  }
  view.signal.addEventListener("abort", () => clearTimeout(timer));
  return { nodes: [row, waits, message, frames, take], update };
}

/** A field with buttons that ask the trained model. */
function question(view, name, placeholder, asks) {
  const id = `${view.id}-ask-${name.replaceAll(" ", "-")}`;
  const input = element("input", { type: "text", id, placeholder, autocomplete: "off" });
  const asked = asks.map(([words, action, help]) => {
    const button = element("button", { type: "button", title: help }, words);
    view.on(button, "click", () => view.press(action, { text: input.value || (action === "evaluate" ? "" : placeholder) }));
    return button;
  });
  view.on(input, "keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    asked[0].click();
  });
  return element("div", { class: "bm-ask" }, element("label", { for: id }, name), input, element("span", { class: "bm-buttons" }, ...asked));
}

/** The trained model: a text to predict, rows to evaluate on, a folder to save to, and lines to go on with. */
export function tryoutPart(view) {
  const title = element("div", { class: "bm-group" });
  const asks = element("div");
  const answer = element("div", { class: "bm-markup", "aria-live": "polite" });
  const saved = element("div", { role: "status", class: "bm-saved" });
  const steps = element("ul", { class: "bm-steps" });
  const box = element("section", { class: "bm-tryout", "aria-label": "The trained model" }, title, asks, saved, answer, element("div", { class: "bm-group" }, "Next"), steps);
  let [drawn, shown, said] = ["", null, ""];

  function build({ model, example, folder, steps: lines }) {
    title.textContent = `Try ${model}`;
    asks.replaceChildren(
      question(view, "a text", example, [["Predict", "predict", "Predict for the text"], ["Attention", "attend", "Show the attention of all heads to the text"]]),
      question(view, "rows", "a variable, or sample:reviews@test", [["Evaluate", "evaluate", "Evaluate on these rows; without rows, show the report of the run"]]),
      question(view, "folder", folder, [["Save", "save", "Save the model to this folder, as the last line below does"]]),
    );
    steps.replaceChildren(...lines.map(([name, line]) => {
      const buttons = codeButtons(view, () => line, name.toLowerCase());
      buttons.update();
      return element("li", {}, element("span", { class: "bm-name" }, name), element("code", {}, line), buttons.node);
    }));
  }

  function update() {
    const trial = view.get("_trial");
    box.hidden = !trial.model;
    const key = JSON.stringify(trial);
    if (key !== drawn && trial.model) build(trial);
    drawn = key;
    const [markup, words] = [view.get("_answer"), view.get("_saved")];
    if (markup !== shown) putMarkup(answer, markup);
    shown = markup;
    answer.hidden = Boolean(view.get("_attention").number); // the live view stands in its place
    if (words !== said) putMarkup(saved, words);
    said = words;
  }
  return { nodes: [box], update };
}
