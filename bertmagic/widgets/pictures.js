/**
 * The four pictures, in the sizes, colours and words of design.json; the same as bertmagic/display/attention draws.
 * Each has a size, draws itself on a surface, and says what is under a point.
 */
import DESIGN from "../display/attention/design.json" with { type: "json" };
import { lineNumber, links, places, plainName, rightToLeft, short, strength, weights } from "./numbers.js";
import { downsampled, painted } from "./palette.js";

const { grid: GRID, lines: LINES, "heat map": HEAT_MAP, text: TEXT, words: WORDS } = DESIGN;

/** The heads in the order of the grid: [layer, head], as in the model or by the chosen statistic. */
export function ordered(view) {
  const { layers } = view.about;
  const heads = view.thumbnails ? view.thumbnails.heads : view.about.heads;
  const all = Array.from({ length: layers * heads }, (_, at) => [Math.floor(at / heads), at % heads]);
  const values = view.statistics[view.state.statistic];
  if (view.state.order === "model" || heads === 1 || !values) return all;
  return all.sort((a, b) => (values[b[0] * heads + b[1]] ?? -Infinity) - (values[a[0] * heads + a[1]] ?? -Infinity));
}

/** All thumbnails in one canvas, in the given order. */
function drawnThumbnails(view, order, heads) {
  const { bytes, side, signed } = view.thumbnails;
  const share = (at) => (signed ? (bytes[at] - 128) / 127 : bytes[at] / 255);
  const column = painted(side, bytes.length / side, share, signed, view.theme.dark);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [heads * GRID.column, Math.ceil(order.length / heads) * GRID.row];
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  order.forEach(([layer, head], at) => {
    const top = (layer * heads + head) * side;
    const [x, y] = [(at % heads) * GRID.column, Math.floor(at / heads) * GRID.row];
    context.drawImage(column, 0, top, side, side, x, y, GRID.thumbnail, GRID.thumbnail);
  });
  return canvas;
}

/**
 * @typedef {object} Picture
 * @property {number} width in CSS pixels, as all sizes
 * @property {number} height
 * @property {(surface: object, from?: number, to?: number) => void} draw draws at least what is between two heights
 * @property {(x: number, y: number) => object | null} hit what is under a point
 * @property {(place: object) => number} [middle] the height at which a token is drawn
 */

/**
 * All heads as thumbnails, with a bar for the chosen statistic below each.
 * @param {View} view
 * @returns {Picture | null}
 */
export function grid(view) {
  if (!view.thumbnails) return null;
  const { about, state, theme } = view;
  const { heads } = view.thumbnails;
  const order = ordered(view);
  const sorted = state.order !== "model" && heads > 1;
  const thumbnails = view.once(`grid ${view.thumbnails.key} ${theme.dark} ${order}`, () => drawnThumbnails(view, order, heads));
  const values = heads === about.heads ? view.statistics[state.statistic] : null;
  const finite = (values ?? []).filter((value) => value !== null && value !== undefined);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const place = (at) => [GRID.left + (at % heads) * GRID.column, GRID.top + Math.floor(at / heads) * GRID.row];
  const caption = { colour: theme.faint, size: GRID.label_size };

  function captions(surface) {
    if (sorted) return surface.write(GRID.left, 12, WORDS.sorted.replace("{name}", () => plainName(state.statistic)), caption);
    for (let head = 0; head < heads && heads > 1; head++) {
      surface.write(place(head)[0] + GRID.thumbnail / 2, 12, String(head), { ...caption, align: "center" });
    }
    for (let layer = 0; layer < about.layers; layer++) {
      surface.write(GRID.left - 6, place(layer * heads)[1] + 14, String(layer), { ...caption, align: "right" });
    }
    return undefined;
  }

  /** From the smallest statistic of all heads (empty) to the largest (full). */
  function bar(surface, x, y, value) {
    if (value === null || !(high > low)) return;
    const share = (value - low) / (high - low);
    const [top, least] = [y + GRID.thumbnail + GRID.bar_gap, GRID.bar_least_alpha];
    surface.rect(x, top, GRID.thumbnail, GRID.bar_height, theme.rule, GRID.track_alpha);
    surface.rect(x, top, Math.max(1, GRID.thumbnail * share), GRID.bar_height, theme.blue, least + (1 - least) * share);
  }

  function draw(surface) {
    captions(surface);
    surface.image(GRID.left, GRID.top, thumbnails.width, thumbnails.height, thumbnails);
    order.forEach(([layer, head], at) => {
      const [x, y] = place(at);
      surface.frame(x - 0.5, y - 0.5, GRID.thumbnail + 1, GRID.thumbnail + 1, theme.rule, 1);
      bar(surface, x, y, values?.[layer * heads + head] ?? null);
      if (layer !== state.layer || !(heads === 1 || state.heads.includes(head))) return;
      const [edge, side] = [GRID.chosen_line / 2, GRID.thumbnail + GRID.chosen_line];
      surface.frame(x - edge, y - edge, side, side, theme.orange, GRID.chosen_line);
    });
  }

  function hit(x, y) {
    const column = Math.floor((x - GRID.left + 2) / GRID.column);
    const row = Math.floor((y - GRID.top + 2) / GRID.row);
    const at = row * heads + column;
    return column >= 0 && column < heads && row >= 0 && at < order.length ? { grid: order[at] } : null;
  }
  const width = Math.max(GRID.left + heads * GRID.column + 4, GRID.least_width);
  return { width, height: GRID.top + Math.ceil(order.length / heads) * GRID.row, draw, hit };
}

/** The tokens whose weights are shown: the one under the pointer, else the pinned ones. */
export function focus(view) {
  const { hover, state, shown } = view;
  if (!shown) return null;
  if (hover && hover.at !== undefined) return { forward: hover.forward, at: [hover.at], pinned: false };
  const forward = state.direction === "attends to";
  const at = places(forward ? shown.rows : shown.columns, state.pinned);
  return at.length ? { forward, at, pinned: true } : null;
}

/**
 * Two columns of tokens, with lines between them as strong as the weights.
 * @param {View} view
 * @returns {Picture | null}
 */
export function lines(view) {
  const { shown, state, theme } = view;
  if (!shown) return null;
  const focused = focus(view);
  const label = (unit) => short(unit.text, LINES.label_columns);
  const widest = (list) => list.reduce((most, unit) => Math.max(most, view.width(label(unit), LINES.label_size)), LINES.least_label);
  const labels = (list) => LINES.pad + view.once(`labels ${view.key} ${list === shown.rows} ${theme.font}`, () => widest(list));
  const [left, right] = [labels(shown.rows), labels(shown.columns)];
  const free = view.room - left - right - 2 * LINES.number;
  const gap = view.isFile ? LINES.gap : Math.max(LINES.least_gap, Math.min(LINES.most_gap, free));
  const [start, end] = [LINES.number + left, LINES.number + left + gap];
  const middle = (at) => at * LINES.row + LINES.top + LINES.row / 2;
  const colour = (value) => (value < 0 ? theme.orange : theme.blue);
  const share = (value) => strength(value, shown.peak, state.scale);
  const forward = state.direction === "attends to";
  const pinned = places(forward ? shown.rows : shown.columns, state.pinned);
  const chosen = view.once(`links ${view.key} ${state.top} ${state.threshold} ${state.direction} ${pinned}`, () => links(shown, state, pinned));

  /** Only lines that cross what is in sight; those that begin elsewhere are faint, or a long text's would cover all. */
  function stroke(surface, all, alpha, from, to) {
    for (const [row, column, value] of all) {
      const [y1, y2] = [middle(row), middle(column)];
      if (Math.max(y1, y2) < from || Math.min(y1, y2) > to) continue;
      const source = forward ? y1 : y2;
      const size = share(value) * (source < from || source > to ? 0.15 : 1);
      const opacity = alpha * (LINES.least_alpha + (1 - LINES.least_alpha) * size);
      surface.line(start + 2, y1, end - 2, y2, colour(value), LINES.thinnest + LINES.thicker * size, opacity);
    }
  }

  function token(surface, unit, box, value, isPinned, isLeft) {
    const { x, y, width } = box;
    const align = isLeft ? "right" : "left";
    if (value !== null && share(value) > 0.01) surface.rect(x, y - 9, width, 18, colour(value), LINES.shade_alpha * share(value));
    if (isPinned) surface.frame(x + 0.5, y - 9.5, width - 1, 19, theme.orange, 2);
    if (view.marked.has(unit)) surface.rect(x, y + 7, width, 2, theme.orange);
    const style = { colour: unit.special ? theme.faint : theme.text, size: LINES.label_size, align, bold: isPinned, full: unit.text };
    surface.write(isLeft ? x + width - 4 : x + 4, y + 4, label(unit), style);
    if (value !== null && Math.abs(value) >= Math.max(state.threshold, LINES.least_number) * shown.peak) {
      surface.write(isLeft ? x - 4 : x + width + 4, y + 4, lineNumber(value, shown.peak), { colour: theme.faint, size: LINES.number_size, align });
    }
  }

  function tokens(surface, list, isLeft, from, to) {
    const [x, width] = isLeft ? [LINES.number, left] : [end, right];
    const isFocused = focused && focused.forward === isLeft;
    const values = focused && !isFocused ? weights(shown, focused.forward, focused.at) : null;
    for (let at = Math.max(0, Math.floor((from - 40) / LINES.row)); at < list.length && middle(at) < to + LINES.row; at++) {
      const isPinned = Boolean(isFocused) && focused.at.includes(at);
      token(surface, list[at], { x, y: middle(at), width }, values ? values[at] : null, isPinned, isLeft);
    }
  }

  function draw(surface, from = 0, to = Infinity) {
    const caption = { colour: theme.faint, size: LINES.number_size };
    surface.write(start - 4, 13, WORDS.attends, { ...caption, align: "right" });
    surface.write(end + 4, 13, WORDS.is_attended_to, caption);
    const hovers = focused && !focused.pinned;
    stroke(surface, chosen, hovers ? 0.18 : 1, from, to);
    if (hovers) {
      const direction = focused.forward ? "attends to" : "attended by";
      stroke(surface, links(shown, { ...state, direction }, focused.at), 1, from, to);
    }
    tokens(surface, shown.rows, true, from, to);
    tokens(surface, shown.columns, false, from, to);
  }

  function hit(x, y) {
    const at = Math.floor((y - LINES.top) / LINES.row);
    const isLeft = x < start + gap / 2;
    return at >= 0 && at < (isLeft ? shown.rows : shown.columns).length ? { forward: isLeft, at } : null;
  }
  const height = LINES.top + 4 + LINES.row * Math.max(shown.rows.length, shown.columns.length);
  return { width: end + right + LINES.number, height, draw, hit, middle: (place) => middle(place.at) };
}

/**
 * The whole matrix: a row attends, a column is attended to.
 * @param {View} view
 * @returns {Picture | null}
 */
export function heatMap(view) {
  const { shown, state, theme } = view;
  if (!shown || !shown.rows.length || !shown.columns.length) return null;
  const [rows, columns] = [shown.rows.length, shown.columns.length];
  const room = view.isFile ? HEAT_MAP.room : Math.max(HEAT_MAP.least_room, Math.min(HEAT_MAP.most_room, view.room));
  const fit = (edge) => (room - edge - HEAT_MAP.end) / Math.max(rows, columns);
  const labelled = Math.floor(fit(HEAT_MAP.label_edge)) >= HEAT_MAP.least_labelled;
  const [left, top] = labelled ? [HEAT_MAP.label_edge, HEAT_MAP.label_edge] : [HEAT_MAP.plain_left, HEAT_MAP.plain_top];
  const exact = fit(labelled ? HEAT_MAP.label_edge : HEAT_MAP.plain_left);
  const smallest = view.isFile ? 1 : exact; // a file has a dot for each weight, the page as many as there is room for
  const cell = Math.min(HEAT_MAP.most_cell, exact >= 1 ? Math.floor(exact) : smallest);
  const [width, height] = [cell * columns, cell * rows];
  const [down, across] = cell < 1 ? [Math.ceil(height), Math.ceil(width)] : [rows, columns];
  const picture = view.once(`heat ${view.key} ${state.scale} ${theme.dark} ${down} ${across}`, () => {
    const numbers = cell < 1 ? downsampled(shown.matrix, rows, columns, down, across) : shown.matrix;
    const share = (at) => Math.sign(numbers[at]) * strength(numbers[at], shown.peak, state.scale);
    return painted(across, down, share, shown.signed, theme.dark);
  });

  function frames(surface) {
    const focused = focus(view);
    const [row, column] = view.hover?.cell ?? [];
    const framedRows = row !== undefined ? [row] : focused?.forward ? focused.at : [];
    const framedColumns = column !== undefined ? [column] : focused && !focused.forward ? focused.at : [];
    const thick = Math.max(cell, 2) + 1;
    for (const at of framedRows) surface.frame(left - 0.5, top + at * cell - 0.5, width + 1, thick, theme.orange, 1.5);
    for (const at of framedColumns) surface.frame(left + at * cell - 0.5, top - 0.5, thick, height + 1, theme.orange, 1.5);
  }

  function labels(surface, list, turned) {
    const size = Math.min(HEAT_MAP.most_label_size, cell - 1);
    list.forEach((unit, at) => {
      const middle = left + at * cell + cell / 2 + 4;
      const style = { colour: unit.special ? theme.faint : theme.text, size, align: turned ? "left" : "right", turned, full: unit.text };
      const [x, y] = turned ? [middle, top - 5] : [left - 5, middle];
      surface.write(x, y, short(unit.text, HEAT_MAP.label_columns), style);
    });
  }

  function draw(surface) {
    surface.image(left, top, width, height, picture);
    surface.frame(left - 0.5, top - 0.5, width + 1, height + 1, theme.rule, 1);
    if (labelled) {
      labels(surface, shown.rows, false);
      labels(surface, shown.columns, true);
    } else surface.write(left, 13, WORDS.axes, { colour: theme.faint, size: 10 });
    frames(surface);
  }

  function hit(x, y) {
    const [row, column] = [Math.floor((y - top) / cell), Math.floor((x - left) / cell)];
    if (row < 0 || column < 0 || row >= rows || column >= columns) return null;
    return { forward: true, at: row, cell: [row, column] };
  }
  const middle = (place) => top + place.at * cell;
  return { width: left + width + HEAT_MAP.end, height: top + height + HEAT_MAP.end, draw, hit, middle };
}

/** Place tokens in lines; the second text of a pair begins a line. */
function flow(view, list, width, isRtl) {
  const boxes = [];
  let [x, y, sentence] = [0, 0, 0];
  for (const unit of list) {
    let label = short(unit.text, TEXT.label_columns);
    while (view.width(label, TEXT.size) > width - 12 && label.length > 2) label = short(label, Math.floor(Array.from(label).length * 0.8));
    const wide = Math.ceil(view.width(label, TEXT.size)) + TEXT.pad;
    const gap = unit.space && x ? TEXT.space : 0;
    const beginsSecond = unit.sentence === 1 && sentence === 0 && boxes.length > 0;
    sentence = Math.max(sentence, unit.sentence);
    [x, y] = x + gap + wide > width || beginsSecond ? [0, y + TEXT.row] : [x + gap, y];
    boxes.push({ unit, label, x: isRtl ? width - x - wide : x, y, width: wide });
    x += wide;
  }
  return boxes;
}

/**
 * The text itself, with each token shaded by how much it is attended to (or attends).
 * @param {View} view
 * @returns {Picture | null}
 */
export function runningText(view) {
  const { shown, state, theme } = view;
  if (!shown) return null;
  const focused = focus(view);
  const forward = focused ? focused.forward : state.direction === "attends to";
  const [list, sources] = forward ? [shown.columns, shown.rows] : [shown.rows, shown.columns];
  const width = view.isFile ? TEXT.width : Math.max(TEXT.least_width, view.across);
  const isRtl = view.once(`rtl ${view.key}`, () => rightToLeft(list.flatMap((unit) => (unit.special ? [] : unit.tokens.map((at) => view.about.tokens[at][0]))).join("")));
  const boxes = view.once(`flow ${view.key} ${forward} ${width} ${theme.font}`, () => flow(view, list, width, isRtl));
  const mean = () => weights(shown, forward, sources.map((_, at) => at))?.map((value) => value / sources.length) ?? [];
  const values = focused ? weights(shown, focused.forward, focused.at) : view.once(`mean ${view.key} ${forward}`, mean);
  const peak = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  const chosen = new Set(focused ? focused.at.flatMap((at) => sources[at].tokens) : []);

  function token(surface, { unit, label, x, y, width: wide }, value) {
    const share = strength(value, peak, state.scale);
    surface.rect(x, y + 3, wide, 20, value < 0 ? theme.orange : theme.blue, TEXT.shade_alpha * share);
    if (unit.tokens.some((one) => chosen.has(one))) surface.frame(x + 0.5, y + 3.5, wide - 1, 19, theme.orange, 2);
    if (view.marked.has(unit)) surface.rect(x, y + 23, wide, 2, theme.orange);
    const isFaint = unit.special && share < TEXT.faint_below;
    surface.write(x + 2, y + 18, label, { colour: isFaint ? theme.faint : theme.text, size: TEXT.size, full: unit.text });
  }

  function draw(surface, from = 0, to = Infinity) {
    boxes.forEach((box, at) => {
      if (box.y + TEXT.row >= from && box.y <= to) token(surface, box, values[at]);
    });
  }

  function hit(x, y) {
    const box = boxes.find((one) => x >= one.x && x < one.x + one.width && y >= one.y && y < one.y + TEXT.row);
    if (!box) return null;
    const attends = state.direction === "attends to";
    const at = (attends ? shown.rows : shown.columns).findIndex((unit) => unit.tokens[0] === box.unit.tokens[0]);
    return at < 0 ? null : { forward: attends, at };
  }
  const last = boxes.length ? boxes[boxes.length - 1].y : 0;
  const middle = (place) => boxes.find((box) => box.unit.tokens[0] === sources[place.at]?.tokens[0])?.y ?? 0;
  return { width, height: last + TEXT.end, draw, hit, middle };
}

export const PICTURES = { grid, lines, "heat map": heatMap, text: runningText };
