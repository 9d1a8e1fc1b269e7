/** Colours: Okabe and Ito's blue and orange, told apart by all readers, over the page's own background. */

const BLUE = "#0072B2";
const ORANGE = "#D55E00";

const RAMPS = {
  light: { up: [[255, 255, 255], [0, 114, 178], [0, 32, 54]], down: [[255, 255, 255], [213, 94, 0], [84, 36, 0]] },
  dark: { up: [[24, 24, 24], [0, 114, 178], [214, 239, 255]], down: [[24, 24, 24], [213, 94, 0], [255, 224, 200]] },
};

/** The colours of the page that an element stands in, and whether it is a dark one. */
export function theme(el) {
  const style = getComputedStyle(el);
  const text = style.color;
  const [r, g, b] = (text.match(/[\d.]+/g) ?? ["0", "0", "0"]).map(Number);
  const dark = 0.299 * r + 0.587 * g + 0.114 * b > 140;
  return { dark, text, faint: dark ? "#9a9a9a" : "#6b6b6b", rule: dark ? "#555555" : "#cccccc", back: dark ? "#181818" : "#ffffff", blue: dark ? "#56B4E9" : BLUE, orange: dark ? "#F08A3C" : ORANGE, font: style.fontFamily || "sans-serif" };
}

/** 256 colours as [r, g, b] for shares from 0 to 1. */
export function ramp(dark, down = false) {
  const [low, middle, high] = RAMPS[dark ? "dark" : "light"][down ? "down" : "up"];
  return Array.from({ length: 256 }, (_, at) => {
    const t = at / 255;
    const [from, to, part] = t < 0.65 ? [low, middle, t / 0.65] : [middle, high, (t - 0.65) / 0.35];
    return from.map((value, k) => Math.round(value + (to[k] - value) * part));
  });
}

/** The largest of each block of numbers, for a map that is wider than its picture: single lines do not fade. */
export function pooled(matrix, many, across, rows, columns) {
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < many; i++) {
    const to = Math.floor((i * rows) / many) * columns;
    for (let j = 0; j < across; j++) {
      const at = to + Math.floor((j * columns) / across);
      const value = matrix[i * across + j];
      if (Math.abs(value) > Math.abs(out[at])) out[at] = value;
    }
  }
  return out;
}

/** A picture of numbers as a canvas of one pixel a number. */
export function painted(width, height, value, signed, dark) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, width), Math.max(1, height)];
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const [up, down] = [ramp(dark), signed ? ramp(dark, true) : null];
  for (let at = 0; at < width * height; at++) {
    const share = value(at);
    const colour = (share < 0 && down ? down : up)[Math.round(255 * Math.min(1, Math.abs(share)))];
    image.data.set(colour, 4 * at);
    image.data[4 * at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
