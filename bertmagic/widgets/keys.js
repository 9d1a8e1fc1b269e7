/** Keys of a view are not keys of the notebook. */

/** Keep a view's keys from the notebook: Notebook 7 handles keys before they get here.
 * @param {{root: Element, signal: AbortSignal}} view
 * @param {RegExp} own the names of the keys that the view uses
 */
export function keepKeys(view, own) {
  window.addEventListener("keydown", (event) => {
    const [target] = event.composedPath();
    if (!view.root.contains(target)) return;
    const isOther = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    target.toggleAttribute("data-lm-suppress-shortcuts", own.test(event.key) && !isOther);
  }, { capture: true, signal: view.signal });
}
