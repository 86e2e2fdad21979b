// The keys of the page.
import { html } from "../lib/html.js";
import { focusSoon } from "../lib/focus.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { iconButton, modal } from "./parts.js";

const KEYS = [
  ["Ctrl ↵", "key.submit"],
  ["C", "key.compose"],
  ["N", "key.new"],
  ["/", "key.search"],
  ["Space", "key.play"],
  ["Ctrl Z", "key.undo"],
  ["?", "key.help"],
  ["Esc", "key.close"],
];

/** The list of keys; the first are those of the views, given by name in the order of their keys. */
export function shortcutsDialog(app, views) {
  const all = [[`1 – ${views.length}`, views.map((view) => t(`nav.${view}`)).join(t("list.comma"))], ...KEYS.map(([key, words]) => [key, t(words)])];
  const body = html`<header class="modal-head"><h2>${t("shortcuts")}</h2>${iconButton({ icon: icons.close, label: t("close"), onClick: app.closeDialog })}</header>
    <dl class="keys">${all.map(([key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>`;
  return modal({ app, name: "shortcuts", label: t("shortcuts"), onClose: app.closeDialog, body });
}

/** Act on keys; `views` are the names of the views in the order of their keys. */
export function listenForKeys(app, views) {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const typing = target.matches?.("input:not([type=range],[type=radio],[type=checkbox]), textarea, select");
    const takesBack = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (takesBack && !typing && app.takeBack()) {
      event.preventDefault();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const act = {
      c: () => {
        location.hash = "#/studio";
        focusSoon("#c-text");
      },
      n: () => app.openEditor(),
      "/": () => document.querySelector("#voice-search, #task-search")?.focus(),
      "?": () => app.store.set({ dialog: "shortcuts" }),
    }[event.key.toLowerCase()];
    if (act) {
      event.preventDefault();
      act();
    } else if (views[Number(event.key) - 1]) {
      location.hash = `#/${views[Number(event.key) - 1]}`;
    } else if (event.key === " " && app.player.state.id && !target.matches?.("button, a, summary, [role=slider], input")) {
      event.preventDefault();
      app.player.toggle(app.player.state);
    }
  });
}
