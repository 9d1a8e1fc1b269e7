/** A saved page: its data take the place of the kernel. */
import { mount } from "./attention.js";

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Store the data of the page as a kernel's answers. */
function fill(store, data) {
  const each = (kind, read) => {
    for (const [key, packed] of Object.entries(data[kind])) store.keep(kind, key, ...read(packed));
  };
  each("thumbnails", ([header, text]) => [header, [bytes(text)]]);
  each("picture", ([header, text]) => [header, [bytes(text)]]);
  each("exact", (text) => [{}, [bytes(text)]]);
  each("detail", ([header, rows]) => [header, rows.map(bytes)]);
}

/**
 * @param {Element} el the element to draw in
 * @param {object} data as `export.js` and `page.py` pack it
 */
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
    fill: (target) => fill(target, data),
  };
  return mount(model, el, new AbortController().signal);
}
