/** Two surfaces with the same operations: what is drawn on screen is what is written as SVG. */
import DESIGN from "../display/attention/design.json" with { type: "json" };
import { columns } from "./numbers.js";

/** @typedef {{colour?: string, size?: number, align?: "left"|"right"|"center", bold?: boolean, turned?: boolean, full?: string}} TextStyle */

const scratch = document.createElement("canvas").getContext("2d");

/** The width of a text in a font of this browser. */
export function measured(font) {
  return (text, size) => {
    scratch.font = `${size}px ${font}`;
    return scratch.measureText(text).width;
  };
}

/** The width of a text in an unknown font, as in bertmagic/display/attention/svg.py. */
export function estimated(text, size) {
  return DESIGN.font.column_width * size * columns(text);
}

export class CanvasSurface {
  constructor(context, font) {
    this.context = context;
    this.font = font;
  }

  rect(x, y, width, height, colour, alpha = 1) {
    this.context.globalAlpha = alpha;
    this.context.fillStyle = colour;
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }

  frame(x, y, width, height, colour, thickness = 1) {
    this.context.strokeStyle = colour;
    this.context.lineWidth = thickness;
    this.context.strokeRect(x, y, width, height);
  }

  line(x1, y1, x2, y2, colour, thickness = 1, alpha = 1) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    context.globalAlpha = 1;
  }

  /** @param {TextStyle} style */
  write(x, y, text, { colour, size = 12, align = "left", bold = false, turned = false } = {}) {
    const { context } = this;
    context.save();
    context.translate(x, y);
    if (turned) context.rotate(-Math.PI / 2);
    context.font = `${bold ? "600 " : ""}${size}px ${this.font}`;
    context.textAlign = align;
    context.fillStyle = colour;
    context.fillText(text, 0, 0);
    context.restore();
  }

  image(x, y, width, height, picture) {
    this.context.imageSmoothingEnabled = width < picture.width;
    this.context.drawImage(picture, x, y, width, height);
  }
}

const SVG = "http://www.w3.org/2000/svg";
const rounded = (value) => (typeof value === "number" ? String(Math.round(value * 100) / 100) : value);

export class SvgSurface {
  constructor(width, height, title) {
    this.root = document.createElementNS(SVG, "svg");
    const box = `0 0 ${rounded(width)} ${rounded(height)}`;
    this.set(this.root, { xmlns: SVG, width, height, viewBox: box, role: "img", "font-family": DESIGN.font.family });
    this.add("title", {}, title);
  }

  set(node, attributes) {
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, rounded(value));
  }

  add(name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    this.set(node, attributes);
    if (text !== undefined) node.textContent = text;
    this.root.append(node);
    return node;
  }

  rect(x, y, width, height, colour, alpha = 1) {
    this.add("rect", { x, y, width, height, fill: colour, "fill-opacity": alpha === 1 ? undefined : alpha });
  }

  frame(x, y, width, height, colour, thickness = 1) {
    this.add("rect", { x, y, width, height, fill: "none", stroke: colour, "stroke-width": thickness });
  }

  line(x1, y1, x2, y2, colour, thickness = 1, alpha = 1) {
    const path = `M${rounded(x1)} ${rounded(y1)}L${rounded(x2)} ${rounded(y2)}`;
    this.add("path", { d: path, stroke: colour, "stroke-width": thickness, "stroke-opacity": alpha === 1 ? undefined : alpha });
  }

  /** @param {TextStyle} style where only the beginning is written, `full` is its tooltip */
  write(x, y, text, { colour, size = 12, align = "left", bold = false, turned = false, full } = {}) {
    const place = { x, y, fill: colour, "font-size": size, "text-anchor": { right: "end", center: "middle" }[align] };
    const rotation = turned ? `rotate(-90 ${rounded(x)} ${rounded(y)})` : undefined;
    const node = this.add("text", { ...place, "font-weight": bold ? 600 : undefined, transform: rotation }, text);
    if (full !== undefined && full !== text) {
      const tooltip = document.createElementNS(SVG, "title");
      tooltip.textContent = full;
      node.append(tooltip);
    }
  }

  image(x, y, width, height, picture) {
    const href = picture.toDataURL("image/png");
    this.add("image", { x, y, width, height, href, preserveAspectRatio: "none", style: "image-rendering:pixelated" });
  }

  text() {
    return new XMLSerializer().serializeToString(this.root);
  }
}
