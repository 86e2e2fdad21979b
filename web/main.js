// Begin: state, view, live updates.
import { createApp } from "./app.js";
import { addDictionary } from "./data/dictionary.js";
import { addEditor } from "./data/editor.js";
import { addTaskActions } from "./data/task-actions.js";
import { addVoiceActions } from "./data/voice-actions.js";
import { render } from "./lib/html.js";
import { t } from "./lib/i18n.js";
import { shell, VIEWS } from "./views/shell.js";
import { listenForKeys } from "./views/shortcuts.js";
import { addDrawer } from "./views/task-drawer.js";
import { closeMenuOutside } from "./views/task-list.js";

const app = createApp();
addTaskActions(app);
addVoiceActions(app);
addDrawer(app);
addEditor(app);
addDictionary(app);

const root = document.getElementById("app");
root.replaceChildren();

function draw() {
  render(shell(app), root);
  const { route } = app.store.state;
  const running = [...app.feed.byId.values()].filter((task) => task.status === "run").length;
  document.title = `${running ? `(${running}) ` : ""}${t(`nav.${route.view}`)} · GPT-SoVITS`;
}

/** A part of the address as it was meant; what no encoding has means nothing. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

function route() {
  const [, view = "", part = ""] = /^#\/(\w*)\/?(.*)$/.exec(location.hash) ?? [];
  const id = decoded(part);
  const known = VIEWS.some(({ name }) => name === view);
  const before = app.store.state.route.view;
  app.store.set({ route: { view: known ? view : "studio", id } });
  if (view === "training") app.training.open(id);
  if (before !== app.store.state.route.view) scrollTo(0, 0);
}

app.store.subscribe(draw);
window.addEventListener("hashchange", route);
route();
draw();
listenForKeys(app, VIEWS.map(({ name }) => name));
closeMenuOutside(app);
app.live.start();
app.reloadAll();
if (app.composer.state.draft.preview) app.composer.loadPreview();
// "3 minutes ago" grows old by itself.
setInterval(() => document.hidden || app.store.touch(), 30000);
