/** Requests to the kernel and its answers. What has arrived stays when the kernel is closed. */
import { isOfLayers } from "./numbers.js";

const SLOW = 2500; // milliseconds after which the page says that it waits

/** The bytes of an ArrayBuffer or of a view of one. */
export function bytesOf(buffer) {
  return buffer.buffer ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
}

/** The floats of a buffer, which may start at any byte. */
function floatsOf(buffer) {
  return new Float32Array(bytesOf(buffer).slice().buffer);
}

/** The header and the buffers of an answer that came in pieces; see `messages` in transport.py. */
function joined(pieces) {
  const { message } = pieces[0];
  const whole = new Uint8Array(message.sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const { bytes } of pieces) { whole.set(bytes, at); at += bytes.length; }
  at = 0;
  return [message, message.sizes.map((size) => whole.subarray(at, (at += size)))];
}

/** The key of the maps of all heads in a state. */
export function methodOf({ method, output }) {
  return method === "gradient" && output ? `${method} ${output}` : method;
}

/** The key of the map of the chosen heads, or of the layer where the method combines its heads. */
export function keyOf(state) {
  const heads = isOfLayers(state.method) ? [] : [...state.heads].sort((a, b) => a - b);
  return JSON.stringify([methodOf(state), state.layer, heads, state.combine]);
}

/**
 * @param {object} model anywidget's, or what a saved page has in its place
 * @param {AbortSignal} signal ends all waiting
 * @param {() => void} changed called when an answer has arrived
 */
export function store(model, signal, changed) {
  const results = { picture: new Map(), exact: new Map(), thumbnails: new Map(), detail: new Map(), statistics: new Map(), importance: new Map() };
  const errors = new Map();
  const waiting = new Map();
  const self = { closed: !model.send, received: 0, slow: false, results };
  let timer = 0;
  let lastId = 0;

  function settle() {
    clearTimeout(timer);
    timer = 0;
    self.slow = false;
    if (waiting.size) watch();
    changed();
  }

  function watch() {
    timer ||= setTimeout(() => { self.slow = true; changed(); }, SLOW);
  }

  function receive(message, buffers) {
    const request = waiting.get(message.id);
    if (!request) return;
    for (const buffer of buffers) self.received += buffer.byteLength;
    if (message.parts) {
      request.pieces ??= [];
      request.pieces[message.part] = { message, bytes: bytesOf(buffers[0]) };
      if (Object.keys(request.pieces).length < message.parts) return;
      [message, buffers] = joined(request.pieces);
    }
    waiting.delete(message.id);
    if (message.error) errors.set(request.name, message.error);
    else results[request.kind].set(request.key, READ[request.kind](message, buffers));
    settle();
  }

  function close() {
    self.closed = true;
    waiting.clear();
    settle();
  }

  /** A result, or null: then it is requested from the kernel, once. */
  self.get = (kind, key, content) => {
    const result = results[kind].get(key);
    const name = `${kind} ${key}`;
    const isRequested = errors.has(name) || [...waiting.values()].some((one) => one.name === name);
    if (result || self.closed || isRequested) return result ?? null;
    const id = `${self.id}-${++lastId}`;
    waiting.set(id, { kind, key, name });
    model.send({ id, kind, ...content });
    watch();
    return null;
  };
  self.error = (kind, key) => errors.get(`${kind} ${key}`);
  self.busy = () => waiting.size > 0;
  self.id = Math.random().toString(36).slice(2);

  self.keep = (kind, key, header, buffers) => results[kind].set(key, READ[kind](header, buffers));

  if (model.send) {
    const closeIfLost = (change) => { if (change?.comm_live === false || change === undefined) close(); };
    model.on("msg:custom", receive);
    model.on("comm:close", close);
    model.on("comm_live_update", closeIfLost);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", receive);
      model.off("comm:close", close);
      model.off("comm_live_update", closeIfLost);
    });
  }
  signal.addEventListener("abort", () => { clearTimeout(timer); waiting.clear(); });
  return self;
}

/** From a header and buffers to a result, by the kind of request. */
const READ = {
  picture: (header, [buffer]) => ({ ...header, bytes: bytesOf(buffer) }),
  exact: (_, [buffer]) => floatsOf(buffer),
  thumbnails: (header, [buffer]) => ({ ...header, bytes: bytesOf(buffer) }),
  detail: (header, buffers) => ({ ...header, rows: buffers.map(floatsOf) }),
  statistics: (header) => header,
  importance: (header) => header.importance,
};
