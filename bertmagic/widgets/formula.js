/** How a token's weights are computed: the formula as in textbooks, with all its numbers. */
import { number, short, tokenLabel } from "./numbers.js";
import { painted } from "./palette.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";
const ROWS = 8; // of the table

/** A MathML element; children are elements or text. */
function m(tag, ...children) {
  const node = document.createElementNS(MATHML, tag);
  node.append(...children);
  return node;
}

const i = (name) => m("mi", name);
const o = (sign) => m("mo", sign);
const n = (value) => m("mn", String(value).replace("-", "−"));
const bold = (name) => { const node = m("mi", name); node.setAttribute("mathvariant", "bold"); node.style.fontWeight = "bold"; return node; };
const row = (...parts) => m("mrow", ...parts);

function math(...parts) {
  const node = m("math", row(...parts));
  node.setAttribute("display", "block");
  return node;
}

/** An HTML element with text and a class. */
function plain(tag, text, name) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  return node;
}

function general(bias) {
  const scores = m("mfrac", row(bold("Q"), m("msup", bold("K"), i("T"))), m("msqrt", i("d")));
  const inner = bias ? [scores, o("+"), bold("B")] : [scores];
  return math(m("mi", "Attention"), o("("), bold("Q"), o(","), bold("K"), o(","), bold("V"), o(")"), o("="), m("mi", "softmax"), o("("), ...inner, o(")"), bold("V"));
}

const few = (value) => (!Number.isFinite(value) ? "−∞" : Math.abs(value) >= 1e4 || (value && Math.abs(value) < 1e-3) ? value.toExponential(2) : value.toFixed(3));

function vector(values) {
  const shown = Array.from(values.slice(0, 4), (value) => n(few(value)));
  const parts = shown.flatMap((value) => [value, o(",")]);
  return row(o("("), ...parts, o("…"), o(")"));
}

/** Whether products are divided by √d, as in all models without terms for relative positions. */
function hasUsualScale(detail) {
  return Math.abs(detail.scale * Math.sqrt(detail.width) - 1) < 1e-4;
}

/** The largest weight step by step: the product, the scale, the exponential over the sum. */
function workedExample(detail, token, other, tokens) {
  const [query, products, scores, weights] = detail.rows;
  const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = scores.reduce((total, score) => total + Math.exp(score - most), 0);
  const name = (at) => m("mtext", short(tokenLabel([tokens[at]]), 12));
  const sub = (symbol, at) => m("msub", bold(symbol), name(at));
  const scaled = hasUsualScale(detail) ? m("mfrac", n(few(products[other])), m("msqrt", n(detail.width))) : row(n(few(products[other])), o("·"), n(few(detail.scale)));
  const bias = detail.bias ? [o("+"), n(few(detail.rows[5][other]))] : [];
  const weight = m("msub", i("a"), row(name(token), o("→"), name(other)));
  return [
    math(sub("q", token), o("="), vector(query)),
    math(i("s"), o("="), m("mfrac", row(sub("q", token), o("·"), sub("k", other)), m("msqrt", i("d"))), ...(detail.bias ? [o("+"), i("b")] : []), o("="), scaled, ...bias, o("="), n(few(scores[other]))),
    math(weight, o("="), m("mfrac", m("msup", i("e"), n(few(scores[other] - most))), row(m("munder", o("∑"), i("j")), m("msup", i("e"), row(m("msub", i("s"), i("j")), o("−"), n(few(most)))))), o("="), m("mfrac", n(few(Math.exp(scores[other] - most))), n(few(sum))), o("="), n(number(weights[other]))),
  ];
}

function mixture(detail, token, best, tokens) {
  const weights = detail.rows[3];
  const terms = best.slice(0, 3).flatMap((at, k) => [...(k ? [o("+")] : []), n(weights[at].toFixed(3)), m("msub", bold("v"), m("mtext", short(tokenLabel([tokens[at]]), 12)))]);
  return math(m("msub", bold("o"), m("mtext", short(tokenLabel([tokens[token]]), 12))), o("="), m("munder", o("∑"), i("j")), m("msub", i("a"), i("j")), m("msub", bold("v"), i("j")), o("="), ...terms, o("+"), o("…"), o("="), vector(output(detail)));
}

/** The head's output for the token: the sum of all values, weighted. */
function output(detail) {
  const [weights, values] = [detail.rows[3], detail.rows[4]];
  const out = new Float32Array(detail.width);
  for (let at = 0; at < weights.length; at++) {
    for (let k = 0; k < detail.width; k++) out[k] += weights[at] * values[at * detail.width + k];
  }
  return out;
}

function table(detail, best, tokens) {
  const [, products, scores, weights] = detail.rows;
  const scale = detail.scale;
  const heads = ["token", "q·k", ...(detail.bias ? ["scaled", "bias"] : []), "score", "weight"];
  const node = plain("table");
  const top = node.createTHead().insertRow();
  for (const head of heads) top.append(plain("th", head));
  const body = node.createTBody();
  for (const at of best) {
    const line = body.insertRow();
    const numbers = [products[at], ...(detail.bias ? [products[at] * scale, detail.rows[5][at]] : []), scores[at]];
    line.append(plain("th", short(tokenLabel([tokens[at]]), 24)), ...numbers.map((value) => plain("td", few(value))), plain("td", number(weights[at])));
  }
  const rest = weights.length - best.length;
  if (rest > 0) {
    const line = body.insertRow();
    const sum = weights.reduce((a, b) => a + b, 0) - best.reduce((total, at) => total + weights[at], 0);
    const blanks = heads.slice(2).map(() => plain("td", ""));
    line.append(plain("th", `${rest} more`), ...blanks, plain("td", number(Math.max(0, sum))));
  }
  return node;
}

/** Query, values and output as strips of coloured cells, a cell for each number. */
function strips(detail, token, best, tokens, theme) {
  const [query, , , , values] = detail.rows;
  const { width } = detail;
  const list = [["query", query], ...best.slice(0, 4).map((at) => [`value of ${short(tokenLabel([tokens[at]]), 14)}`, values.subarray(at * width, (at + 1) * width)]), ["output", output(detail)]];
  const box = plain("div", undefined, "bm-strips");
  for (const [name, numbers] of list) {
    const peak = numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const canvas = painted(width, 1, (at) => numbers[at] / peak, true, theme.dark);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${name}: ${Array.from(numbers.slice(0, 8), few).join(", ")}${width > 8 ? " and more" : ""}`);
    canvas.title = Array.from(numbers, few).join(" ");
    box.append(plain("span", name), canvas);
  }
  return box;
}

/** Fill a box with the formula for one token of one head; detail is null until it has arrived. */
export function formula(box, view, token, detail, error) {
  const { about, theme, state } = view;
  const tokens = about.tokens;
  if (token === null) return box.replaceChildren(general(false), plain("p", "Pin a token (click it, or Enter) to see its numbers here."));
  const where = `Layer ${state.layer}, head ${state.heads[0]}, token “${short(tokenLabel([tokens[token]]), 30)}”`;
  const showInstead = (text) => box.replaceChildren(general(false), plain("p", `${where}: ${text}`));
  if (error) return showInstead(error);
  if (!detail) return showInstead(view.store.closed ? "these numbers were not loaded." : "waiting for the kernel …");
  if (!detail.rows.length) return showInstead(`not available. ${detail.why_not}`);
  const weights = detail.rows[3];
  const best = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a]).slice(0, ROWS);
  const lines = workedExample(detail, token, best[0], tokens);
  const parts = [general(detail.bias), plain("p", `${where}; d = ${detail.width}. The largest weight step by step:`), ...lines, table(detail, best, tokens), mixture(detail, token, best, tokens), strips(detail, token, best, tokens, theme)];
  if (!hasUsualScale(detail)) parts.push(plain("p", `This model multiplies the products by ${few(detail.scale)} instead of 1/√d = ${few(1 / Math.sqrt(detail.width))}.`));
  if (detail.bias) parts.push(plain("p", "The bias is the model's term for the relative position of the two tokens."));
  for (const note of [detail.note, detail.why_not]) if (note) parts.push(plain("p", note));
  box.replaceChildren(...parts);
}
