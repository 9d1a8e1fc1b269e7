/** HTML that the writers in Python made, put into the page in one place, with all that could run or fetch taken out. */

const REFUSED = "script, iframe, frame, object, embed, link, meta, base, form, audio, video, source, template, portal, use";
const ADDRESSES = new Set(["href", "src", "srcset", "xlink:href", "action", "formaction", "background", "poster", "ping", "data"]);

function isRefused(name, value) {
  if (name.startsWith("on") || name === "srcdoc" || name === "id" || name === "name") return true;
  if (ADDRESSES.has(name)) return !/^(#|data:image\/(png|gif|jpeg|webp);)/i.test(value.trim());
  return name === "style" && /url\s*\(|expression|image-set|@import|\\/i.test(value);
}

/**
 * Show markup in an element in place of what is in it. A page that is parsed here runs and fetches nothing.
 * @param {Element} node
 * @param {string} markup
 */
export function putMarkup(node, markup) {
  const { body } = new DOMParser().parseFromString(markup, "text/html");
  for (const one of body.querySelectorAll(REFUSED)) one.remove();
  for (const one of body.querySelectorAll("style")) if (/url\s*\(|@import|\\/i.test(one.textContent)) one.remove();
  for (const one of body.querySelectorAll("*")) {
    for (const { name, value } of [...one.attributes]) if (isRefused(name, value)) one.removeAttribute(name);
  }
  node.replaceChildren(...body.childNodes);
}
