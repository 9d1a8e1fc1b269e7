/** Two surfaces with the same few verbs: what is drawn on screen is what is written as SVG. */

/** @typedef {{colour?: string, size?: number, align?: "left"|"right"|"center", bold?: boolean, turn?: boolean, full?: string}} Look */

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

  frame(x, y, width, height, colour, thick = 1) {
    this.context.strokeStyle = colour;
    this.context.lineWidth = thick;
    this.context.strokeRect(x, y, width, height);
  }

  line(x1, y1, x2, y2, colour, thick = 1, alpha = 1) {
    const { context } = this;
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
    context.globalAlpha = 1;
  }

  /** @param {Look} look */
  words(x, y, text, { colour, size = 12, align = "left", bold = false, turn = false } = {}) {
    const { context } = this;
    context.save();
    context.translate(x, y);
    if (turn) context.rotate(-Math.PI / 2);
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
    this.set(this.root, { xmlns: SVG, width, height, viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`, role: "img" });
    this.add("title", {}, title);
  }

  set(node, marks) {
    for (const [name, value] of Object.entries(marks)) if (value !== undefined) node.setAttribute(name, rounded(value));
  }

  add(name, marks, text) {
    const node = document.createElementNS(SVG, name);
    this.set(node, marks);
    if (text !== undefined) node.textContent = text;
    this.root.append(node);
    return node;
  }

  rect(x, y, width, height, colour, alpha = 1) {
    this.add("rect", { x, y, width, height, fill: colour, "fill-opacity": alpha === 1 ? undefined : alpha });
  }

  frame(x, y, width, height, colour, thick = 1) {
    this.add("rect", { x, y, width, height, fill: "none", stroke: colour, "stroke-width": thick });
  }

  line(x1, y1, x2, y2, colour, thick = 1, alpha = 1) {
    this.add("path", { d: `M${rounded(x1)} ${rounded(y1)}L${rounded(x2)} ${rounded(y2)}`, stroke: colour, "stroke-width": thick, "stroke-opacity": alpha });
  }

  /** @param {Look} look */
  words(x, y, text, { colour, size = 12, align = "left", bold = false, turn = false, full } = {}) {
    const anchor = { right: "end", center: "middle" }[align];
    const marks = { x, y, fill: colour, "font-size": size, "font-family": "system-ui, sans-serif", "text-anchor": anchor };
    const more = { "font-weight": bold ? 600 : undefined, transform: turn ? `rotate(-90 ${rounded(x)} ${rounded(y)})` : undefined };
    const node = this.add("text", { ...marks, ...more }, text);
    if (full !== undefined && full !== text) {
      const title = document.createElementNS(SVG, "title");
      title.textContent = full;
      node.append(title);
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
