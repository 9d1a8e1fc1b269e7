/** From what the kernel sends to the one matrix on screen. The same steps as bertmagic/display/attention/shown.py. */

/** @typedef {{text: string, pieces: number[], sentence: number, special: boolean, space: boolean}} Unit */
/** @typedef {{matrix: Float32Array, rows: Unit[], columns: Unit[], signed: boolean, peak: number}} Shown */

const SHARES = ["weights", "head_mean", "value_norms", "rollout"];

/** Bytes hold square roots, so that small weights keep their digits; signed ones are counted from 128. */
export function dequantised(bytes, scale, signed) {
  const table = new Float32Array(256);
  for (let b = 0; b < 256; b++) {
    const root = signed ? (b - 128) / 127 : b / 255;
    table[b] = Math.sign(root) * root * root * scale;
  }
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i]];
  return out;
}

/** @returns {Unit[]} what rows and columns stand for; tokens are [text, start, end, word, sentence] */
export function units(tokens, merge) {
  const found = [];
  tokens.forEach(([text, start, end, word, sentence], at) => {
    const last = at ? tokens[at - 1] : null;
    if (merge && last && word >= 0 && word === last[3]) {
      const unit = found[found.length - 1];
      unit.text += text;
      unit.pieces.push(at);
      return;
    }
    const space = !last || word < 0 || last[3] < 0 || start > last[2];
    found.push({ text, pieces: [at], sentence, special: word < 0, space });
  });
  return found;
}

function merged(matrix, n, found) {
  const m = found.length;
  const out = new Float32Array(m * m);
  const to = new Int32Array(n);
  found.forEach((unit, u) => unit.pieces.forEach((at) => { to[at] = u; }));
  for (let i = 0; i < n; i++) {
    const share = 1 / found[to[i]].pieces.length;
    for (let j = 0; j < n; j++) out[to[i] * m + to[j]] += matrix[i * n + j] * share;
  }
  return out;
}

function renormalised(matrix, found) {
  const m = found.length;
  const out = new Float32Array(m * m);
  for (let i = 0; i < m; i++) {
    let whole = 0;
    for (let j = 0; j < m; j++) if (!found[j].special) whole += matrix[i * m + j];
    if (whole > 0) for (let j = 0; j < m; j++) out[i * m + j] = matrix[i * m + j] / whole;
  }
  return out;
}

function parts(found, state) {
  const all = found.map((_, at) => at);
  if (state.sentences !== "all") {
    const [first, second] = state.sentences.split("→").map((name) => "AB".indexOf(name));
    return [all.filter((at) => found[at].sentence === first), all.filter((at) => found[at].sentence === second)];
  }
  const kept = all.filter((at) => !(state.hide_special && found[at].special));
  return [kept, kept];
}

/** @returns {Unit[]} the words that two models with different tokenizers were compared on */
function compared(words) {
  return words.map(([text, pieces, sentence, special, space]) => ({ text, pieces, sentence, special, space }));
}

/** @returns {Shown} */
export function shown(matrix, about, state) {
  const size = Math.round(Math.sqrt(matrix.length));
  const other = size !== about.tokens.length;
  const found = other ? compared(about.compared.words) : units(about.tokens, state.merge_words);
  if (found.length !== size) matrix = merged(matrix, size, found);
  if (state.hide_special && SHARES.includes(state.method)) matrix = renormalised(matrix, found);
  const [rows, columns] = parts(found, state);
  const out = new Float32Array(rows.length * columns.length);
  let peak = 0;
  rows.forEach((row, i) => columns.forEach((column, j) => {
    const value = matrix[row * found.length + column];
    out[i * columns.length + j] = value;
    peak = Math.max(peak, Math.abs(value));
  }));
  const signed = state.method === "difference";
  return { matrix: out, rows: rows.map((at) => found[at]), columns: columns.map((at) => found[at]), signed, peak: peak || 1 };
}

/** Where pinned tokens stand among rows or columns. */
export function places(list, pinned) {
  const wanted = new Set(pinned);
  return list.flatMap((unit, at) => (unit.pieces.some((piece) => wanted.has(piece)) ? [at] : []));
}

/** The sum over rows (or over columns, where tokens are attended to), or null for none. */
export function weights(found, forward, at) {
  if (!at.length) return null;
  const width = found.columns.length;
  const out = new Float64Array(forward ? width : found.rows.length);
  for (const one of at) {
    for (let k = 0; k < out.length; k++) out[k] += found.matrix[forward ? one * width + k : k * width + one];
  }
  return out;
}

/** The lines to draw, the weakest first: [row, column, weight]. */
export function links(found, state, chosen) {
  const forward = state.direction === "attends to";
  const [many, across] = [found.rows.length, found.columns.length];
  const [sources, targets] = forward ? [many, across] : [across, many];
  const at = (source, target) => found.matrix[forward ? source * across + target : target * across + source];
  const least = Math.max(state.threshold, 1e-9);
  const lines = [];
  const from = chosen.length ? chosen : Array.from({ length: sources }, (_, k) => k);
  const most = chosen.length ? targets : Math.min(state.top, targets);
  for (const source of from) {
    const best = [];
    for (let target = 0; target < targets; target++) {
      const size = Math.abs(at(source, target));
      if (size < least || (best.length === most && size <= best[most - 1][0])) continue;
      let place = best.length;
      while (place && best[place - 1][0] < size) place--;
      best.splice(place, 0, [size, target]);
      if (best.length > most) best.pop();
    }
    for (const [, target] of best) {
      lines.push(forward ? [source, target, at(source, target)] : [target, source, at(source, target)]);
    }
  }
  return lines.sort((a, b) => Math.abs(a[2]) - Math.abs(b[2]));
}

/** A share between 0 and 1 by which a weight is drawn. */
export function strength(value, peak, scale) {
  const share = Math.min(1, Math.abs(value) / peak);
  return scale === "linear" ? share : Math.sqrt(share);
}

/** A number with five decimals, so that it is within 1e-5 of what the model computed. */
export function number(value) {
  return Number.isFinite(value) ? value.toFixed(5) : "none";
}

const LETTERS = globalThis.Intl?.Segmenter ? new Intl.Segmenter() : null;

/** What a reader takes for letters: an emoji of several signs is one. */
function letters(text) {
  return LETTERS ? Array.from(LETTERS.segment(text), (one) => one.segment) : Array.from(text);
}

/** A text of at most so many letters. */
export function short(text, most = 18) {
  if (text.length <= most) return text;
  const start = letters(text.slice(0, 8 * most));
  const whole = text.length <= 8 * most;
  return whole && start.length <= most ? text : `${start.slice(0, most - 1).join("")}…`;
}

/** A token in a sentence of ours: its direction of writing ends with it. */
export function isolated(text) {
  return `\u2068${text}\u2069`;
}

/** The name of a statistic or a method, as people write it. */
export function plainName(name) {
  return { cls: "[CLS]", sep: "[SEP]", head_mean: "mean of all heads", head_max: "max of all heads", value_norms: "value norms", gradient: "gradient × weight", divergence: "Jensen–Shannon divergence" }[name] ?? name.replaceAll("_", " ");
}

/** Whether a text is written from right to left: what its first letter says. */
export function rightToLeft(text) {
  const letter = /\p{L}/u.exec(text);
  return letter !== null && /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(letter[0]);
}
