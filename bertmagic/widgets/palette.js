/** Colours: Okabe and Ito's blue and orange, which all readers tell apart, on the page's own background. */
import DESIGN from "../display/attention/design.json" with { type: "json" };

/** @typedef {{dark: boolean, text: string, faint: string, rule: string, back: string, blue: string, orange: string, font: string}} Theme */

/** @returns {Theme} the colours of files: those of a light or of a dark page */
export function paper(dark) {
  return { ...DESIGN.themes[dark ? "dark" : "light"], dark, font: DESIGN.font.family };
}

/** @returns {Theme} the colours of the page that an element stands in */
export function theme(element) {
  const { color, fontFamily } = getComputedStyle(element);
  const [r, g, b] = (color.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  const dark = 0.299 * r + 0.587 * g + 0.114 * b > 140;
  return { ...paper(dark), text: color, font: fontFamily || "sans-serif" };
}

const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** The shades [r, g, b] for shares from 0 to 1; darker shades tell large shares apart. */
function ramp(dark, sign) {
  const [low, middle, high] = DESIGN.ramps[dark ? "dark" : "light"][sign].map(rgb);
  const { shades, full_colour: full } = DESIGN.ramp;
  return Array.from({ length: shades }, (_, at) => {
    const share = at / (shades - 1);
    const [from, to, part] = share < full ? [low, middle, share / full] : [middle, high, (share - full) / (1 - full)];
    return from.map((value, k) => Math.round(value + (to[k] - value) * part));
  });
}

/** The number of largest absolute value of each block, for a map with more cells than dots: single lines do not fade. */
export function downsampled(matrix, height, width, rows, columns) {
  const blocks = new Float32Array(rows * columns);
  for (let i = 0; i < height; i++) {
    const row = Math.floor((i * rows) / height) * columns;
    for (let j = 0; j < width; j++) {
      const at = row + Math.floor((j * columns) / width);
      const value = matrix[i * width + j];
      if (Math.abs(value) > Math.abs(blocks[at])) blocks[at] = value;
    }
  }
  return blocks;
}

/** A picture of numbers as a canvas with a pixel for each; `share` gives the one at a position, from -1 to 1. */
export function painted(width, height, share, signed, dark) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, width), Math.max(1, height)];
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const [positive, negative] = [ramp(dark, "positive"), signed ? ramp(dark, "negative") : null];
  for (let at = 0; at < width * height; at++) {
    const value = share(at);
    const shades = value < 0 && negative ? negative : positive;
    image.data.set(shades[Math.round((shades.length - 1) * Math.min(1, Math.abs(value)))], 4 * at);
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
