/** The four pictures. Each has a size, draws itself on a surface, and says what is under a point. */
import { painted, pooled } from "./palette.js";
import { links, places, plainName, rightToLeft, short, strength, weights } from "./numbers.js";

const THUMB = 20;
const PITCH = { x: 24, y: 29 };
const MARGIN = { left: 26, top: 18 };
const ROW = 20;
const NUMBER = 44;

const scratch = document.createElement("canvas").getContext("2d");

function wide(text, theme, size = 12) {
  scratch.font = `${size}px ${theme.font}`;
  return scratch.measureText(text).width;
}

/** The heads in the order of the grid: [layer, head], as the model has them or by the chosen statistic. */
export function ordered(view) {
  const { layers } = view.about;
  const heads = view.thumbnails ? view.thumbnails.heads : view.about.heads;
  const all = Array.from({ length: layers * heads }, (_, at) => [Math.floor(at / heads), at % heads]);
  const values = view.statistics[view.state.statistic];
  if (view.state.order === "model" || heads === 1 || !values) return all;
  return all.sort((a, b) => (values[b[0] * heads + b[1]] ?? -Infinity) - (values[a[0] * heads + a[1]] ?? -Infinity));
}

function composed(view, order, heads) {
  const { bytes, side, signed } = view.thumbnails;
  const { dark } = view.theme;
  const stack = painted(side, bytes.length / side, (at) => (signed ? (bytes[at] - 128) / 127 : bytes[at] / 255), signed, dark);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [heads * PITCH.x, Math.ceil(order.length / heads) * PITCH.y];
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  order.forEach(([layer, head], at) => {
    const from = (layer * heads + head) * side;
    const [x, y] = [(at % heads) * PITCH.x, Math.floor(at / heads) * PITCH.y];
    context.drawImage(stack, 0, from, side, side, x, y, THUMB, THUMB);
  });
  return canvas;
}

/** All heads as thumbnails, with a bar for the chosen statistic below each. */
export function grid(view) {
  if (!view.thumbnails) return null;
  const { about, state, theme } = view;
  const { heads } = view.thumbnails;
  const order = ordered(view);
  const sorted = state.order !== "model" && heads > 1;
  const atlas = view.once(`atlas ${state.method} ${theme.dark} ${sorted && state.statistic}`, () => composed(view, order, heads));
  const values = heads === about.heads ? view.statistics[state.statistic] : null;
  const known = (values ?? []).filter((value) => value !== null && value !== undefined);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const place = (at) => [MARGIN.left + (at % heads) * PITCH.x, MARGIN.top + Math.floor(at / heads) * PITCH.y];

  function draw(surface) {
    if (!sorted) {
      for (let head = 0; head < heads && heads > 1; head++) {
        surface.words(place(head)[0] + THUMB / 2, 12, String(head), { colour: theme.faint, size: 10, align: "center" });
      }
      for (let layer = 0; layer < about.layers; layer++) {
        surface.words(20, place(layer * heads)[1] + 14, String(layer), { colour: theme.faint, size: 10, align: "right" });
      }
    } else surface.words(MARGIN.left, 12, `largest ${plainName(state.statistic)} first`, { colour: theme.faint, size: 10 });
    surface.image(MARGIN.left, MARGIN.top, atlas.width, atlas.height, atlas);
    order.forEach(([layer, head], at) => {
      const [x, y] = place(at);
      const value = values?.[layer * heads + head] ?? null;
      surface.frame(x - 0.5, y - 0.5, THUMB + 1, THUMB + 1, theme.rule, 1);
      if (value !== null && high > low) {
        const share = (value - low) / (high - low);
        surface.rect(x, y + THUMB + 2, THUMB, 3, theme.rule, 0.5);
        surface.rect(x, y + THUMB + 2, Math.max(1, THUMB * share), 3, theme.blue, 0.35 + 0.65 * share);
      }
      if (layer === state.layer && (heads === 1 || state.heads.includes(head))) surface.frame(x - 1.5, y - 1.5, THUMB + 3, THUMB + 3, theme.orange, 3);
    });
  }

  function hit(x, y) {
    const [column, row] = [Math.floor((x - MARGIN.left + 2) / PITCH.x), Math.floor((y - MARGIN.top + 2) / PITCH.y)];
    const at = row * heads + column;
    return column >= 0 && column < heads && row >= 0 && at < order.length ? { grid: order[at] } : null;
  }
  const width = MARGIN.left + heads * PITCH.x + 4;
  return { width: Math.max(width, 150), height: MARGIN.top + Math.ceil(order.length / heads) * PITCH.y, draw, hit };
}

/** What is looked at: the token under the pointer, else the pinned ones. */
export function focus(view) {
  const { hover, state, found } = view;
  if (!found) return null;
  if (hover && hover.at !== undefined) return { forward: hover.forward, at: [hover.at], pinned: false };
  const forward = state.direction === "attends to";
  const at = places(forward ? found.rows : found.columns, state.pinned);
  return at.length ? { forward, at, pinned: true } : null;
}

/** Two columns of tokens, with lines between them as strong as the weights. */
export function lines(view) {
  const { found, state, theme } = view;
  if (!found) return null;
  const looked = focus(view);
  const label = (unit) => short(unit.text, 22);
  const widest = (list) => view.once(`wide ${view.key} ${list === found.rows} ${theme.font}`, () => list.reduce((most, unit) => Math.max(most, wide(label(unit), theme)), 30));
  const [left, right] = [NUMBER + widest(found.rows) + 6, widest(found.columns) + NUMBER + 6];
  const gap = Math.max(60, Math.min(220, (view.room ?? 420) - left - right));
  const width = left + gap + right;
  const y = (at) => at * ROW + 20 + ROW / 2;
  const colour = (value) => (value < 0 ? theme.orange : theme.blue);
  const forward = state.direction === "attends to";
  const pinned = places(forward ? found.rows : found.columns, state.pinned);
  const base = view.once(`links ${view.key} ${state.top} ${state.threshold} ${state.direction} ${pinned}`, () => links(found, state, pinned));

  function stroke(surface, all, fade, from, to) {
    for (const [row, column, value] of all) {
      const [y1, y2] = [y(row), y(column)];
      if (Math.max(y1, y2) < from || Math.min(y1, y2) > to) continue;
      const away = (forward ? y1 : y2) < from || (forward ? y1 : y2) > to; // else the lines of a long text cover all
      const share = strength(value, found.peak, state.scale) * (away ? 0.15 : 1);
      surface.line(left + 2, y1, left + gap - 2, y2, colour(value), 0.75 + 3 * share, fade * (0.12 + 0.88 * share));
    }
  }

  function side(surface, list, isRow, from, to) {
    const [x, align, edge] = isRow ? [left - 4, "right", NUMBER] : [left + gap + 4, "left", left + gap];
    const band = isRow ? left - NUMBER : right - NUMBER;
    const shares = looked && looked.forward !== isRow ? weights(found, looked.forward, looked.at) : null;
    for (let at = Math.max(0, Math.floor((from - 40) / ROW)); at < list.length && y(at) < to + ROW; at++) {
      const chosen = looked && looked.forward === isRow && looked.at.includes(at);
      const value = shares ? shares[at] : 0;
      const share = strength(value, Math.max(found.peak, 1e-9), state.scale);
      if (shares && share > 0.01) surface.rect(edge, y(at) - 9, band, 18, colour(value), 0.45 * share);
      if (chosen) surface.frame(edge + 0.5, y(at) - 9.5, band - 1, 19, theme.orange, 2);
      if (view.marked.has(list[at])) surface.line(edge, y(at) + 8, edge + band, y(at) + 8, theme.orange, 2);
      surface.words(x, y(at) + 4, label(list[at]), { colour: list[at].special ? theme.faint : theme.text, align, bold: Boolean(chosen), full: list[at].text });
      if (shares && Math.abs(value) >= Math.max(state.threshold, 0.005)) {
        const [xn, an] = isRow ? [NUMBER - 4, "right"] : [left + gap + band + 4, "left"];
        surface.words(xn, y(at) + 4, value.toFixed(3), { colour: theme.faint, size: 10, align: an });
      }
    }
  }

  function draw(surface, from = 0, to = Infinity) {
    surface.words(left - 4, 13, "attends", { colour: theme.faint, size: 10, align: "right" });
    surface.words(left + gap + 4, 13, "is attended to", { colour: theme.faint, size: 10 });
    stroke(surface, base, looked && !looked.pinned ? 0.18 : 1, from, to);
    if (looked && !looked.pinned) {
      const own = { ...state, direction: looked.forward ? "attends to" : "attended by" };
      stroke(surface, links(found, own, looked.at), 1, from, to);
    }
    side(surface, found.rows, true, from, to);
    side(surface, found.columns, false, from, to);
  }

  function hit(x, yy) {
    const at = Math.floor((yy - 20) / ROW);
    const forward_ = x < left + gap / 2;
    return at >= 0 && at < (forward_ ? found.rows : found.columns).length ? { forward: forward_, at } : null;
  }
  const middle = (place) => y(place.at);
  return { width, height: 24 + ROW * Math.max(found.rows.length, found.columns.length), draw, hit, middle };
}

/** The whole matrix: a row attends, a column is attended to. */
export function heat(view) {
  const { found, state, theme } = view;
  if (!found || !found.rows.length || !found.columns.length) return null;
  const [many, across] = [found.rows.length, found.columns.length];
  const room = Math.max(200, Math.min(520, view.room ?? 440));
  const fit = (labels) => (room - labels) / Math.max(many, across);
  const labelled = fit(78) >= 9;
  const [leftEdge, topEdge] = labelled ? [76, 76] : [4, 20];
  const cell = Math.min(24, labelled ? Math.floor(fit(78)) : fit(8) >= 1 ? Math.floor(fit(8)) : fit(8));
  const [width, height] = [cell * across, cell * many];
  const dots = cell < 1 ? [Math.ceil(height), Math.ceil(width)] : [many, across];
  const picture = view.once(`heat ${view.key} ${state.scale} ${theme.dark} ${dots}`, () => {
    const numbers = cell < 1 ? pooled(found.matrix, many, across, ...dots) : found.matrix;
    const share = (value) => Math.sign(value) * strength(value, found.peak, state.scale);
    return painted(dots[1], dots[0], (at) => share(numbers[at]), found.signed, theme.dark);
  });

  function crossed(surface) {
    const looked = focus(view);
    const [row, column] = view.hover?.cell ?? [];
    const rows = row !== undefined ? [row] : looked?.forward ? looked.at : [];
    const columns = column !== undefined ? [column] : looked && !looked.forward ? looked.at : [];
    for (const at of rows) surface.frame(leftEdge - 0.5, topEdge + at * cell - 0.5, width + 1, Math.max(cell, 2) + 1, theme.orange, 1.5);
    for (const at of columns) surface.frame(leftEdge + at * cell - 0.5, topEdge - 0.5, Math.max(cell, 2) + 1, height + 1, theme.orange, 1.5);
  }

  function draw(surface) {
    surface.image(leftEdge, topEdge, width, height, picture);
    surface.frame(leftEdge - 0.5, topEdge - 0.5, width + 1, height + 1, theme.rule, 1);
    if (labelled) {
      const size = Math.min(11, cell - 1);
      const look = (unit) => ({ colour: unit.special ? theme.faint : theme.text, size, full: unit.text });
      found.rows.forEach((unit, at) => surface.words(leftEdge - 5, topEdge + at * cell + cell / 2 + 4, short(unit.text, 10), { ...look(unit), align: "right" }));
      found.columns.forEach((unit, at) => surface.words(leftEdge + at * cell + cell / 2 + 4, topEdge - 5, short(unit.text, 10), { ...look(unit), turn: true }));
    }
    else surface.words(leftEdge, 13, "a row attends, a column is attended to", { colour: theme.faint, size: 10 });
    crossed(surface);
  }

  function hit(x, y) {
    const [row, column] = [Math.floor((y - topEdge) / cell), Math.floor((x - leftEdge) / cell)];
    if (row < 0 || column < 0 || row >= many || column >= across) return null;
    return { forward: true, at: row, cell: [row, column] };
  }
  const middle = (place) => topEdge + place.at * cell;
  return { width: leftEdge + width + 4, height: topEdge + height + 4, draw, hit, middle };
}

function flowed(list, width, theme, rtl) {
  const boxes = [];
  let [x, y, sentence] = [0, 0, 0];
  for (const unit of list) {
    let text = short(unit.text, 60);
    while (wide(text, theme, 14) > width - 12 && text.length > 2) text = short(text, Math.floor(Array.from(text).length * 0.8));
    const long = Math.ceil(wide(text, theme, 14)) + 4;
    const gap = unit.space && x ? 5 : 0;
    const next = unit.sentence === 1 && sentence === 0;
    if (unit.sentence >= 0) sentence = unit.sentence;
    if (x + gap + long > width || next) [x, y] = [0, y + 26];
    else x += gap;
    boxes.push({ unit, text, x: rtl ? width - x - long : x, y, width: long });
    x += long;
  }
  return boxes;
}

/** The text itself, shaded by how much each token is attended to (or attends). */
export function text(view) {
  const { found, state, theme } = view;
  if (!found) return null;
  const looked = focus(view);
  const forward = looked ? looked.forward : state.direction === "attends to";
  const [list, sources] = forward ? [found.columns, found.rows] : [found.rows, found.columns];
  const width = Math.max(200, view.across ?? 700);
  const rtl = view.once(`rtl ${view.key}`, () => rightToLeft(list.map((unit) => (unit.special ? "" : unit.text)).join("")));
  const boxes = view.once(`flow ${view.key} ${forward} ${width} ${theme.font}`, () => flowed(list, width, theme, rtl));
  const mean = view.once(`mean ${view.key} ${forward}`, () => weights(found, forward, sources.map((_, at) => at))?.map((value) => value / sources.length) ?? []);
  const shares = looked ? weights(found, forward, looked.at) : mean;
  const peak = shares.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const chosen = new Set(looked ? looked.at.flatMap((at) => sources[at].pieces) : []);

  function draw(surface, from = 0, to = Infinity) {
    boxes.forEach((box, at) => {
      if (box.y + 26 < from || box.y > to) return;
      const share = strength(shares[at], peak, state.scale);
      surface.rect(box.x, box.y + 3, box.width, 20, shares[at] < 0 ? theme.orange : theme.blue, 0.6 * share);
      if (box.unit.pieces.some((piece) => chosen.has(piece))) surface.frame(box.x + 0.5, box.y + 3.5, box.width - 1, 19, theme.orange, 2);
      if (view.marked.has(box.unit)) surface.line(box.x, box.y + 24, box.x + box.width, box.y + 24, theme.orange, 2);
      surface.words(box.x + 2, box.y + 18, box.text, { colour: box.unit.special && share < 0.3 ? theme.faint : theme.text, size: 14, full: box.unit.text });
    });
  }

  function hit(x, y) {
    const at = boxes.findIndex((box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + 26);
    if (at < 0) return null;
    const direct = state.direction === "attends to";
    const own = (direct ? found.rows : found.columns).findIndex((unit) => unit.pieces[0] === boxes[at].unit.pieces[0]);
    return own < 0 ? null : { forward: direct, at: own };
  }
  const last = boxes.length ? boxes[boxes.length - 1].y : 0;
  const middle = (place) => boxes.find((box) => box.unit.pieces[0] === sources[place.at]?.pieces[0])?.y ?? 0;
  return { width, height: last + 28, draw, hit, middle };
}

export const PICTURES = { grid, lines, "heat map": heat, text };
