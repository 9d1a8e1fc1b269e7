/** From the kernel's bytes to the one matrix on screen: the same steps as bertmagic/display/attention/matrix.py. */
import DESIGN from "../display/attention/design.json" with { type: "json" };

/** @typedef {{text: string, tokens: number[], sentence: number, special: boolean, space: boolean}} Unit a row or a column */
/** @typedef {{matrix: Float32Array, rows: Unit[], columns: Unit[], signed: boolean, peak: number}} ShownMatrix */

/** Bytes hold square roots, so that small weights keep their digits; signed ones are counted from 128. */
export function dequantised(bytes, scale, signed) {
  const table = new Float32Array(256);
  for (let b = 0; b < 256; b++) {
    const root = signed ? (b - 128) / 127 : b / 255;
    table[b] = Math.sign(root) * root * root * scale;
  }
  const numbers = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) numbers[i] = table[bytes[i]];
  return numbers;
}

/**
 * @param {Array} tokens each [text, start, end, word, sentence], and the name of the unknown token where it stands for the text
 * @returns {Unit[]} a unit for each token, or for each word
 */
export function units(tokens, merge) {
  const groups = [];
  tokens.forEach(([, , , word], at) => {
    if (merge && at && word >= 0 && word === tokens[at - 1][3]) groups[groups.length - 1].push(at);
    else groups.push([at]);
  });
  return groups.map((group) => {
    const [, start, , word, sentence] = tokens[group[0]];
    const last = group[0] ? tokens[group[0] - 1] : null;
    const space = !last || word < 0 || last[3] < 0 || start > last[2];
    return { text: tokenLabel(group.map((at) => tokens[at])), tokens: group, sentence, special: word < 0, space };
  });
}

/**
 * The characters of adjacent tokens, with the name of the unknown token before those it replaced.
 * A token that stands for no character of the text is left out of a word.
 */
export function tokenLabel(tokens) {
  const written = tokens.filter(([, start, end]) => tokens.length === 1 || end > start);
  const text = written.map(([characters]) => characters).join("");
  const unknown = tokens.find((token) => token[5])?.[5];
  return unknown ? `${unknown} ${text}` : text;
}

/** A map of words: columns of one word summed, rows averaged. */
function mergeWords(matrix, size, all) {
  const words = all.length;
  const merged = new Float32Array(words * words);
  const wordOf = new Int32Array(size);
  all.forEach((unit, word) => unit.tokens.forEach((at) => { wordOf[at] = word; }));
  for (let i = 0; i < size; i++) {
    const share = 1 / all[wordOf[i]].tokens.length;
    for (let j = 0; j < size; j++) merged[wordOf[i] * words + wordOf[j]] += matrix[i * size + j] * share;
  }
  return merged;
}

/** The matrix with rows whose weights on words sum to 1. */
function renormalised(matrix, all) {
  const size = all.length;
  const scaled = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) if (!all[j].special) sum += matrix[i * size + j];
    if (sum > 0) for (let j = 0; j < size; j++) scaled[i * size + j] = matrix[i * size + j] / sum;
  }
  return scaled;
}

/** The positions of the rows and of the columns that the state shows. */
function chosenUnits(all, state) {
  const positions = all.map((_, at) => at);
  if (state.sentences !== "all") {
    const [first, second] = state.sentences.split("→").map((name) => "AB".indexOf(name));
    return [positions.filter((at) => all[at].sentence === first), positions.filter((at) => all[at].sentence === second)];
  }
  const kept = positions.filter((at) => !(state.hide_special && all[at].special));
  return [kept, kept];
}

/** @returns {Unit[]} the words that two models with different tokenizers were compared on */
function comparedWords(words) {
  return words.map(([text, tokens, sentence, special, space]) => ({ text, tokens, sentence, special, space }));
}

/** @returns {ShownMatrix} what is on screen, from the map of the chosen heads */
export function shownMatrix(matrix, about, state) {
  const size = Math.round(Math.sqrt(matrix.length));
  const isOfWords = size !== about.tokens.length;
  const all = isOfWords ? comparedWords(about.compared.words) : units(about.tokens, state.merge_words);
  if (all.length !== size) matrix = mergeWords(matrix, size, all);
  if (state.hide_special && DESIGN.row_shares.includes(state.method)) matrix = renormalised(matrix, all);
  const [rows, columns] = chosenUnits(all, state);
  const part = new Float32Array(rows.length * columns.length);
  let peak = 0;
  rows.forEach((row, i) => columns.forEach((column, j) => {
    const value = matrix[row * all.length + column];
    part[i * columns.length + j] = value;
    peak = Math.max(peak, Math.abs(value));
  }));
  const signed = state.method === "difference";
  return { matrix: part, rows: rows.map((at) => all[at]), columns: columns.map((at) => all[at]), signed, peak: peak || 1 };
}

/** The positions of pinned tokens among rows or columns. */
export function places(list, pinned) {
  const chosen = new Set(pinned);
  return list.flatMap((unit, at) => (unit.tokens.some((token) => chosen.has(token)) ? [at] : []));
}

/** The sum over rows (or over columns, where tokens are attended to) at some positions; null for none. */
export function weights(shown, forward, at) {
  if (!at.length) return null;
  const width = shown.columns.length;
  const sums = new Float64Array(forward ? width : shown.rows.length);
  for (const one of at) {
    for (let k = 0; k < sums.length; k++) sums[k] += shown.matrix[forward ? one * width + k : k * width + one];
  }
  return sums;
}

/** The lines to draw, the weakest first: [row, column, weight]. */
export function links(shown, state, chosen) {
  const forward = state.direction === "attends to";
  const [height, width] = [shown.rows.length, shown.columns.length];
  const [sources, targets] = forward ? [height, width] : [width, height];
  const at = (source, target) => shown.matrix[forward ? source * width + target : target * width + source];
  const least = Math.max(state.threshold * shown.peak, Number.MIN_VALUE);
  const lines = [];
  const from = chosen.length ? chosen : Array.from({ length: sources }, (_, k) => k);
  const most = chosen.length ? targets : Math.min(state.top, targets);
  for (const source of from) {
    const strongest = []; // [size, target], the strongest first
    for (let target = 0; target < targets; target++) {
      const size = Math.abs(at(source, target));
      if (size < least || (strongest.length === most && !(most && size > strongest[most - 1][0]))) continue;
      let place = strongest.length;
      while (place && strongest[place - 1][0] < size) place--;
      strongest.splice(place, 0, [size, target]);
      if (strongest.length > most) strongest.pop();
    }
    for (const [, target] of strongest) {
      lines.push(forward ? [source, target, at(source, target)] : [target, source, at(source, target)]);
    }
  }
  return lines.sort((a, b) => Math.abs(a[2]) - Math.abs(b[2]));
}

/** The share between 0 and 1 of full colour that a weight is drawn with. */
export function strength(value, peak, scale) {
  const share = Math.min(1, Math.abs(value) / peak);
  return scale === "linear" ? share : Math.sqrt(share);
}

/** A weight next to its line: three decimals, or as many as three digits of the largest one on screen take. */
export function lineNumber(value, peak) {
  return value.toFixed(Math.min(9, Math.max(3, 2 + Math.ceil(-Math.log10(peak)))));
}

/** A number with five decimals, within 1e-5 of what the model computed. */
export function number(value) {
  return Number.isFinite(value) ? value.toFixed(5) : "none";
}

/** A statistic with four significant digits. */
export function statisticText(value) {
  return value === null || value === undefined ? "–" : String(Number(value.toPrecision(4)));
}

const WIDE = new RegExp(`[${DESIGN.font.wide}]`, "gu");
const MARKS = /[\p{Mn}\p{Me}]/gu;

/** The width of a text in Latin letters: East Asian letters and emoji count 2, combining marks 0. */
export function columns(text) {
  const count = (pattern) => text.match(pattern)?.length ?? 0;
  return Array.from(text).length + count(WIDE) - count(MARKS);
}

/** A text of at most so many columns, with … where it was cut. */
export function short(text, most = 18) {
  const start = Array.from(text.slice(0, 6 * most + 2));
  if (start.length <= 3 * most && columns(text) <= most) return text;
  const kept = start.slice(0, 3 * most);
  while (columns(kept.join("")) > most - 1) kept.pop();
  return `${kept.join("").replace(/\u200d+$/, "")}…`;
}

/** A token within one of our sentences: its writing direction ends with it. */
export function isolated(text) {
  return `\u2068${text}\u2069`;
}

/** Whether a method has one map for each layer, with all heads in it. */
export function isOfLayers(method) {
  return DESIGN.layer_methods.includes(method);
}

/** The name of a statistic or a method as it is shown. */
export function plainName(name) {
  return Object.hasOwn(DESIGN.names, name) ? DESIGN.names[name] : name.replaceAll("_", " ");
}

/** Whether a text is written from right to left, by its first letter. */
export function rightToLeft(text) {
  const letter = /\p{L}/u.exec(text);
  return letter !== null && /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(letter[0]);
}
