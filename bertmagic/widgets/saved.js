/** A page that was saved: its data stand in for the kernel. */
import { mount } from "./attention.js";

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Put what the page holds where a kernel's answers would be. */
function fill(held, data) {
  const each = (kind, read) => {
    for (const [key, packed] of Object.entries(data[kind])) held.keep(kind, key, ...read(packed));
  };
  each("thumbnails", ([header, text]) => [header, [bytes(text)]]);
  each("picture", ([header, text]) => [header, [bytes(text)]]);
  each("exact", (text) => [{}, [bytes(text)]]);
  each("detail", ([header, rows]) => [header, rows.map(bytes)]);
}

/** @param {Element} el where, @param {object} data as `export.js` packs it */
export function openPage(el, data) {
  const source = document.querySelector('script[type="module"]').textContent;
  const assets = { style: document.querySelector("style").textContent, script: source.slice(0, source.lastIndexOf("openPage(")) };
  const about = { ...data.about, ...assets };
  const state = { ...data.state };
  const model = {
    get: (name) => (name === "_about" ? about : state[name]),
    set: (name, value) => { state[name] = value; },
    save_changes() {},
    on() {},
    off() {},
    fill: (held) => fill(held, data),
  };
  return mount(model, el, new AbortController().signal);
}
