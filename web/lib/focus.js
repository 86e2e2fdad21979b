// Where the keyboard is, also when what it stood on has gone.

/** Elements that stand for the same thing when lists are drawn anew carry this attribute. */
const KEYED = "[data-key]";
const FOCUSABLE = "button:not([disabled]), a[href], input:not([disabled]), select, textarea, summary, [tabindex]";

/** Focus the element that a selector finds, as soon as there is one. */
export function focusSoon(selector, { tries = 40, then } = {}) {
  const element = document.querySelector(selector);
  if (element) {
    element.focus();
    then?.(element);
  } else if (tries > 0) setTimeout(() => focusSoon(selector, { tries: tries - 1, then }), 30);
}

/**
 * Note where the keyboard is.
 * @returns {() => void} goes back there: to the same element, else to the one that took its place, else to the view
 */
export function rememberFocus(element = document.activeElement) {
  const item = element?.closest?.(KEYED);
  const key = item?.dataset.key;
  const place = item ? [...item.querySelectorAll(FOCUSABLE)].indexOf(element) : -1;
  const id = element?.id;
  return () => {
    const again = key && [...document.querySelectorAll(KEYED)].find((one) => one.dataset.key === key);
    // A cell of a list may show something else by now.
    if (element?.isConnected && element !== document.body && item?.dataset.key === key) return element.focus();
    const within = again ? [...again.querySelectorAll(FOCUSABLE)] : [];
    const target = within[place] ?? within[0] ?? (document.getElementById(id || "main") || document.getElementById("main"));
    return target.focus({ preventScroll: target.id === "main" });
  };
}

/** The item after one, else the one before it: where to go when it goes. @returns {string} its key, "" without any */
export function neighbourOf(key) {
  const items = [...document.querySelectorAll(KEYED)].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top || a.getBoundingClientRect().left - b.getBoundingClientRect().left);
  const at = items.findIndex((one) => one.dataset.key === key);
  return (items[at + 1] ?? items[at - 1])?.dataset.key ?? "";
}

/** Put the keyboard on an item of a list, else on the view. */
export function focusItem(key) {
  const item = key && [...document.querySelectorAll(KEYED)].find((one) => one.dataset.key === key);
  (item?.querySelector(FOCUSABLE) ?? document.getElementById("main"))?.focus();
}
