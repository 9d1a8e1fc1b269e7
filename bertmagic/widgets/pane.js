/** A picture in a box that scrolls, and what pointer and keys do in it. */
import { element } from "./controls.js";
import { CanvasSurface } from "./surface.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const within = (value, most) => Math.max(0, Math.min(most, value));

/** Only what is in sight is drawn, so that any length costs the same. */
export function pane(view, name, label, make, high) {
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-label": label });
  const spacer = element("div", { class: "bm-spacer" });
  spacer.append(canvas);
  const box = element("div", { class: "bm-pane" }, spacer);
  const self = { name, box, canvas, picture: null };
  let size = "";

  function fit({ width, height }, seen, ratio) {
    const now = [width, height, ratio].join();
    if (now === size) return;
    size = now;
    [canvas.width, canvas.height] = [Math.ceil(width * ratio), Math.ceil(seen * ratio)];
    const pixels = (node, wide, tall) => Object.assign(node.style, { width: `${Math.ceil(wide)}px`, height: `${Math.ceil(tall)}px` });
    pixels(canvas, width, seen);
    pixels(spacer, width, height);
    box.style.maxHeight = `${high}px`;
  }

  self.draw = () => {
    box.hidden = !view.state.pictures.includes(name);
    self.picture = box.hidden ? null : make(view);
    if (!self.picture) return;
    const seen = Math.min(self.picture.height, high);
    const ratio = globalThis.devicePixelRatio || 1;
    fit(self.picture, seen, ratio);
    const top = Math.min(box.scrollTop, self.picture.height - seen);
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, self.picture.width, seen);
    context.translate(0, -top);
    self.picture.draw(new CanvasSurface(context, view.theme.font), top, top + seen);
  };

  self.at = (event) => {
    const edge = canvas.getBoundingClientRect();
    const top = within(box.scrollTop, Math.max(0, (self.picture?.height ?? 0) - high));
    return self.picture?.hit(event.clientX - edge.left, event.clientY - edge.top + top) ?? null;
  };

  self.show = (y) => {
    if (y < box.scrollTop + 20 || y > box.scrollTop + high - 40) box.scrollTop = Math.max(0, y - high / 2);
  };
  box.addEventListener("scroll", view.redraw, { signal: view.signal, passive: true });
  return self;
}

/** Keys that a picture takes do not reach the notebook. */
function keys(view, one, act) {
  one.canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !act(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal: view.signal });
}

/** In the grid a click or an arrow chooses a head; with Shift, one more. */
export function choosing(view, one) {
  const { about, signal } = view;

  function choose([layer, head], more) {
    const { heads, layer: now } = view.state;
    if (!more || layer !== now) return view.set({ layer, heads: [head] });
    const others = heads.filter((other) => other !== head);
    return view.set({ heads: heads.includes(head) && others.length ? others : [...others, head] });
  }

  one.canvas.addEventListener("click", (event) => {
    const place = one.at(event);
    if (place) choose(place.grid, event.shiftKey || event.ctrlKey || event.metaKey);
  }, { signal });
  keys(view, one, (event) => {
    const step = ARROWS[event.key];
    if (!step) return false;
    const { layer, heads } = view.state;
    const next = [within(layer + step[0], about.layers - 1), within(heads[heads.length - 1] + step[1], about.heads - 1)];
    if (event.shiftKey && next[0] === layer) view.set({ heads: [...heads.filter((head) => head !== next[1]), next[1]] });
    else choose(next, false);
    return true;
  });
}

/** Pin a token, or let it go; tokens of the other direction are let go. */
function pin(view, place) {
  const { shown, state } = view;
  const direction = place.forward ? "attends to" : "attended by";
  const { tokens } = (place.forward ? shown.rows : shown.columns)[place.at];
  const before = direction === state.direction ? state.pinned : [];
  const kept = before.filter((token) => !tokens.includes(token));
  view.set({ direction, pinned: kept.length < before.length ? kept : [...kept, ...tokens] });
}

/** Where an arrow leads from what is looked at, in one of the three pictures of a head. */
const STEPS = {
  "heat map": ({ hover, shown }, [down, right]) => {
    const [row, column] = hover?.cell ?? [0, 0];
    const cell = [within(row + down, shown.rows.length - 1), within(column + right, shown.columns.length - 1)];
    return { forward: true, at: cell[0], cell };
  },
  lines: ({ hover, shown }, [down, right]) => {
    const forward = right ? right < 0 : (hover?.forward ?? true);
    return { forward, at: within((hover?.at ?? -1) + down, (forward ? shown.rows : shown.columns).length - 1) };
  },
  text: ({ hover, shown, state }, [down, right]) => {
    const forward = state.direction === "attends to";
    return { forward, at: within((hover?.at ?? -1) + down + right, (forward ? shown.rows : shown.columns).length - 1) };
  },
};

/** In the pictures of a head pointer and arrows look at a token, a click or Enter pins it, Escape lets all go. */
export function looking(view, one) {
  const on = (event, act) => one.canvas.addEventListener(event, act, { signal: view.signal });
  const look = (place) => { view.hover = place; view.redraw(); };
  on("pointermove", (event) => { view.pointer = { one, x: event.clientX, y: event.clientY }; look(one.at(event)); });
  on("pointerleave", () => { view.pointer = null; look(null); });
  on("blur", () => look(null));
  on("click", (event) => { const place = one.at(event); if (place) pin(view, place); });
  keys(view, one, (event) => {
    const step = ARROWS[event.key];
    if (step && view.shown?.rows.length && view.shown.columns.length) {
      view.pointer = null;
      look(STEPS[one.name](view, step));
      one.show(one.picture?.middle?.(view.hover) ?? 0);
      return true;
    }
    if ((event.key === "Enter" || event.key === " ") && view.hover) { pin(view, view.hover); return true; }
    if (event.key === "Escape") { look(null); view.set({ pinned: [] }); return true; }
    return false;
  });
}
