// The keys of the page.
import { html } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { iconButton, modal } from "./parts.js";

const KEYS = [
  ["1 – 4", "key.views"],
  ["Ctrl ↵", "key.submit"],
  ["C", "key.compose"],
  ["N", "key.new"],
  ["/", "key.search"],
  ["Space", "key.play"],
  ["?", "key.help"],
  ["Esc", "key.close"],
];

export function shortcutsDialog(app) {
  const body = html`<header class="modal-head"><h2>${t("shortcuts")}</h2>${iconButton({ icon: icons.close, label: t("close"), onClick: app.closeDialog })}</header>
    <dl class="keys">${KEYS.map(([key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(words)}</dd></div>`)}</dl>`;
  return modal({ name: "shortcuts", label: t("shortcuts"), onClose: app.closeDialog, body });
}

export function listenForKeys(app) {
  const views = ["studio", "voices", "weights", "settings"];
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const typing = target.matches?.("input:not([type=range],[type=radio],[type=checkbox]), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const act = {
      c: () => {
        location.hash = "#/studio";
        setTimeout(() => document.getElementById("c-text")?.focus(), 60);
      },
      n: () => app.openEditor(),
      "/": () => document.querySelector("#voice-search, #filter-ids")?.focus(),
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
