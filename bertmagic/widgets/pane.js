/** A picture in a scrolling box, and what pointer and keys do in it. */
import { element } from "./element.js";
import { isOfLayers } from "./numbers.js";
import { CanvasSurface } from "./surface.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const clamp = (value, most) => Math.max(0, Math.min(most, value));

/** A pane of at most `maxHeight` pixels; only its visible part is drawn, so that a long text costs no more. */
export function pane(view, name, label, makePicture, maxHeight) {
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": label });
  const spacer = element("div", { class: "bm-spacer" });
  spacer.append(canvas);
  const box = element("div", { class: "bm-pane" }, spacer);
  const self = { name, box, canvas, picture: null };
  let size = "";

  function resize({ width, height }, visible, ratio) {
    const next = [width, height, ratio].join();
    if (next === size) return;
    size = next;
    [canvas.width, canvas.height] = [Math.ceil(width * ratio), Math.ceil(visible * ratio)];
    const setSize = (node, wide, tall) => Object.assign(node.style, { width: `${Math.ceil(wide)}px`, height: `${Math.ceil(tall)}px` });
    setSize(canvas, width, visible);
    setSize(spacer, width, height);
    box.style.maxHeight = `${maxHeight}px`;
  }

  self.draw = () => {
    box.hidden = !view.state.pictures.includes(name);
    self.picture = box.hidden ? null : makePicture(view);
    if (!self.picture) return;
    const visible = Math.min(self.picture.height, maxHeight);
    const ratio = globalThis.devicePixelRatio || 1;
    resize(self.picture, visible, ratio);
    const top = Math.min(box.scrollTop, self.picture.height - visible);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, self.picture.width, visible);
    context.translate(0, -top);
    self.picture.draw(new CanvasSurface(context, view.theme.font), top, top + visible);
  };

  self.at = (event) => {
    const edge = canvas.getBoundingClientRect();
    const top = clamp(box.scrollTop, Math.max(0, (self.picture?.height ?? 0) - maxHeight));
    return self.picture?.hit(event.clientX - edge.left, event.clientY - edge.top + top) ?? null;
  };

  self.show = (y) => {
    if (y < box.scrollTop + 20 || y > box.scrollTop + maxHeight - 40) box.scrollTop = Math.max(0, y - maxHeight / 2);
  };
  box.addEventListener("scroll", view.redraw, { signal: view.signal, passive: true });
  return self;
}

/** Call `act` with each key; a key that it handles does not reach the notebook. */
function onKey(view, target, act) {
  target.canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal: view.signal });
}

/** In the grid, a click or an arrow key chooses a head; with Shift, one more. */
export function chooseHeads(view, one) {
  const { about, signal } = view;

  function choose([layer, head], adds) {
    const { heads, layer: current, method } = view.state;
    if (isOfLayers(method)) return view.set({ layer });
    if (!adds || layer !== current) return view.set({ layer, heads: [head] });
    const others = heads.filter((other) => other !== head);
    return view.set({ heads: heads.includes(head) && others.length ? others : [...others, head] });
  }

  one.canvas.addEventListener("click", (event) => {
    const place = one.at(event);
    if (place) choose(place.grid, event.shiftKey || event.ctrlKey || event.metaKey);
  }, { signal });
  onKey(view, one, (event) => {
    const step = ARROWS[event.key];
    if (!step) return false;
    const { layer, heads } = view.state;
    const next = [clamp(layer + step[0], about.layers - 1), clamp(heads[heads.length - 1] + step[1], about.heads - 1)];
    if (event.shiftKey && next[0] === layer) view.set({ heads: [...heads.filter((head) => head !== next[1]), next[1]] });
    else choose(next, false);
    return true;
  });
}

/** Pin a token, or unpin it; tokens of the other direction are unpinned. */
function pin(view, place) {
  const { shown, state } = view;
  const direction = place.forward ? "attends to" : "attended by";
  const { tokens } = (place.forward ? shown.rows : shown.columns)[place.at];
  const before = direction === state.direction ? state.pinned : [];
  const kept = before.filter((token) => !tokens.includes(token));
  view.set({ direction, pinned: kept.length < before.length ? kept : [...kept, ...tokens] });
}

/** The token that an arrow key leads to, by the name of the picture. */
const STEPS = {
  "heat map": ({ hover, shown }, [down, right]) => {
    const [row, column] = hover?.cell ?? [0, 0];
    const cell = [clamp(row + down, shown.rows.length - 1), clamp(column + right, shown.columns.length - 1)];
    return { forward: true, at: cell[0], cell };
  },
  lines: ({ hover, shown }, [down, right]) => {
    const forward = right ? right < 0 : (hover?.forward ?? true);
    return { forward, at: clamp((hover?.at ?? -1) + down, (forward ? shown.rows : shown.columns).length - 1) };
  },
  text: ({ hover, shown, state }, [down, right]) => {
    const forward = state.direction === "attends to";
    return { forward, at: clamp((hover?.at ?? -1) + down + right, (forward ? shown.rows : shown.columns).length - 1) };
  },
};

/** In the pictures of a head, pointer and arrow keys show a token's weights, a click or Enter pins it, Escape unpins all. */
export function pointAtTokens(view, one) {
  const on = (event, act) => one.canvas.addEventListener(event, act, { signal: view.signal });
  const hover = (place) => { view.hover = place; view.redraw(); };
  on("pointermove", (event) => { view.pointer = { one, x: event.clientX, y: event.clientY }; hover(one.at(event)); });
  on("pointerleave", () => { view.pointer = null; hover(null); });
  on("blur", () => hover(null));
  on("click", (event) => { const place = one.at(event); if (place) pin(view, place); });
  onKey(view, one, (event) => {
    const step = ARROWS[event.key];
    if (step && view.shown?.rows.length && view.shown.columns.length) {
      view.pointer = null;
      hover(STEPS[one.name](view, step));
      one.show(one.picture?.middle?.(view.hover) ?? 0);
      return true;
    }
    if ((event.key === "Enter" || event.key === " ") && view.hover) { pin(view, view.hover); return true; }
    if (event.key === "Escape") { hover(null); view.set({ pinned: [] }); return true; }
    return false;
  });
}
