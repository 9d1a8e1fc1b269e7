/** What was asked of the kernel and what it answered; a closed kernel leaves all that has come. */
const SLOW = 2500;

/** The bytes of a buffer, whatever view of it arrives. */
export function bytesOf(buffer) {
  return buffer.buffer ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array(buffer);
}

/** Floats from bytes that may start anywhere. */
function floatsOf(buffer) {
  return new Float32Array(bytesOf(buffer).slice().buffer);
}

/** Which maps are meant by a state. */
export function methodOf({ method, output }) {
  return method === "gradient" && output ? `${method} ${output}` : method;
}

/** Which of them is. */
export function keyOf(state) {
  return JSON.stringify([methodOf(state), state.layer, [...state.heads].sort((a, b) => a - b), state.combine]);
}

/**
 * @param {object} model what anywidget gives, or what an exported page stands in for it
 * @param {AbortSignal} signal ends all waiting
 * @param {() => void} changed called when something has come
 */
export function store(model, signal, changed) {
  const held = { picture: new Map(), exact: new Map(), thumbnails: new Map(), detail: new Map(), statistics: new Map(), importance: new Map() };
  const errors = new Map();
  const waiting = new Map();
  const self = { closed: !model.send, received: 0, slow: false, held };
  let timer = 0;
  let last = 0;

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

  function hear(message, buffers) {
    const asked = waiting.get(message.id);
    if (!asked) return;
    waiting.delete(message.id);
    for (const buffer of buffers) self.received += buffer.byteLength;
    if (message.error) errors.set(asked.name, message.error);
    else held[asked.kind].set(asked.key, READ[asked.kind](message, buffers));
    settle();
  }

  function close() {
    self.closed = true;
    waiting.clear();
    settle();
  }

  /** What is known of a thing; asks for it where nothing is, and once only. */
  self.get = (kind, key, asked) => {
    const found = held[kind].get(key);
    const name = `${kind} ${key}`;
    if (found || self.closed || errors.has(name) || [...waiting.values()].some((one) => one.name === name)) return found ?? null;
    const id = `${self.id}-${++last}`;
    waiting.set(id, { kind, key, name });
    model.send({ id, kind, ...asked });
    watch();
    return null;
  };
  self.error = (kind, key) => errors.get(`${kind} ${key}`);
  self.busy = () => waiting.size > 0;
  self.id = Math.random().toString(36).slice(2);

  self.keep = (kind, key, header, buffers) => held[kind].set(key, READ[kind](header, buffers));

  if (model.send) {
    const lost = (given) => { if (given?.comm_live === false || given === undefined) close(); };
    model.on("msg:custom", hear);
    model.on("comm:close", close);
    model.on("comm_live_update", lost);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", hear);
      model.off("comm:close", close);
      model.off("comm_live_update", lost);
    });
  }
  signal.addEventListener("abort", () => { clearTimeout(timer); waiting.clear(); });
  return self;
}

const READ = {
  picture: (header, [buffer]) => ({ ...header, bytes: bytesOf(buffer) }),
  exact: (_, [buffer]) => floatsOf(buffer),
  thumbnails: (header, [buffer]) => ({ ...header, bytes: bytesOf(buffer) }),
  detail: (header, buffers) => ({ ...header, rows: buffers.map(floatsOf) }),
  statistics: (header) => header,
  importance: (header) => header.importance,
};
