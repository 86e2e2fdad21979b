// Correcting what is said in the clips of a training, with the keyboard alone.
import { html, live, nothing, repeat } from "../lib/html.js";
import { focusSoon } from "../lib/focus.js";
import { lasting } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { halves, shownLines, warned } from "../data/labels.js";
import { icons } from "./icons.js";
import { iconButton, problem, select } from "./parts.js";

const LANGUAGES = ["zh", "yue", "en", "ja", "ko"];
const MOST = 200;

const sound = (line, n) => ({ id: `label:${line.path}`, address: line.url, title: line.text, subtitle: t("training.labels.text", { n }) });
const field = (index) => `#label-${index}`;

function warningWords(line) {
  if (line.wrong === "fields") return t("training.labels.fields");
  if (line.warnings.includes("missing")) return t("training.labels.missing");
  if (!line.text.trim()) return t("training.labels.empty");
  const rate = line.seconds ? (line.text.length / line.seconds).toFixed(1) : "";
  if (line.warnings.includes("text_too_long")) return t("training.labels.fast", { rate });
  if (line.warnings.includes("text_too_short")) return t("training.labels.slow", { rate });
  if (line.warnings.includes("length_unused")) return t("training.labels.unused", { time: lasting(line.seconds) });
  if (line.warnings.includes("script_foreign")) return t("training.labels.foreign");
  return "";
}

/** Where the sound stands if this clip plays, else the share of the text before the cursor. */
function placeOfSplit(app, line, box) {
  const { player } = app;
  const share = box.value.length ? box.selectionStart / box.value.length : 0.5;
  const second = player.state.id === `label:${line.path}` && player.state.time > 0.1 ? player.state.time : share * (line.seconds ?? 0);
  return { second: Math.max(0.05, second), at: box.selectionStart || Math.round(box.value.length / 2) };
}

/** Change the list, and put the keyboard on a line of what it is then. */
async function changed(app, operation, index) {
  await app.labels.change(operation);
  app.store.flush();
  focusSoon(field(Math.max(0, Math.min(index, app.labels.state.lines.length - 1))));
}

async function split(app, line) {
  const box = document.querySelector(field(line.index));
  if (!box || !line.seconds) return;
  const { second, at } = placeOfSplit(app, line, box);
  const [text, rest] = halves(box.value, at);
  await changed(app, { op: "split", index: line.index, second, text, rest }, line.index);
}

async function merge(app, line) {
  if (line.index + 1 >= app.labels.state.lines.length) return;
  await changed(app, { op: "merge", index: line.index }, line.index);
}

async function drop(app, line, next) {
  await changed(app, { op: "delete", index: line.index }, (next?.index ?? line.index) - 1);
  app.say(t("training.labels.deleted", { n: line.index + 1 }));
}

function onKey(app, event, line, shown) {
  const at = shown.indexOf(line);
  const next = shown[at + 1];
  const held = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const deed = {
    enter: () => focusSoon(field((event.shiftKey ? shown[at - 1] : next)?.index ?? line.index)),
    ...(held && {
      m: () => merge(app, line),
      b: () => split(app, line),
      delete: () => drop(app, line, next),
      " ": () => app.player.toggle(sound(line, line.index + 1)),
      z: async () => {
        const index = await app.labels.undo();
        if (index !== null) focusSoon(field(index));
      },
    }),
  }[key];
  if (!deed || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation();
  deed();
}

function row(app, line, shown) {
  const n = line.index + 1;
  const playing = app.player.isPlaying(`label:${line.path}`);
  const words = warned(line) ? warningWords(line) : "";
  return html`<li class="label-row ${words ? "warned" : ""}" data-key="label:${line.index}">
    <button type="button" class="play small" ?disabled=${!line.url} aria-label=${playing ? t("pause") : t("training.labels.play", { n })} @click=${() => app.player.toggle(sound(line, n))}>${playing ? icons.pause : icons.play}</button>
    <div class="grow">
      <textarea id="label-${line.index}" rows="1" maxlength="5000" aria-label=${t("training.labels.text", { n })} .value=${live(line.text)} @input=${(event) => app.labels.edit(line, { text: event.target.value.replace(/[|\n]/g, " ") })} @blur=${app.labels.flush} @keydown=${(event) => onKey(app, event, line, shown)}></textarea>
      ${words ? html`<small class="warning">${icons.warn}${words}</small>` : nothing}
    </div>
    <small class="label-length">${line.seconds === null ? "" : lasting(line.seconds)}</small>
    ${select({ id: `label-language-${line.index}`, label: t("training.labels.language", { n }), value: line.language, options: LANGUAGES.map((value) => ({ value, text: value })), onPick: (language) => app.labels.edit(line, { language }) })}
    <span class="task-buttons">
      ${iconButton({ icon: icons.scissors, label: t("training.labels.split", { n }), onClick: () => split(app, line), disabled: !line.seconds })}
      ${iconButton({ icon: icons.merge, label: t("training.labels.merge", { n }), onClick: () => merge(app, line), disabled: line.index + 1 >= app.labels.state.lines.length })}
      ${iconButton({ icon: icons.trash, label: t("training.labels.delete", { n }), onClick: () => drop(app, line, shown[shown.indexOf(line) + 1]) })}
    </span>
  </li>`;
}

export function labelEditor(app) {
  const { state } = app.labels;
  if (!state.address) return html`<p class="hint">${t("training.labels.none")}</p>`;
  if (!state.lines) return state.error ? problem(state.error, { retry: app.labels.load }) : html`<div class="skeleton label-skeleton" aria-busy="true"></div>`;
  const shown = shownLines(state.lines, state);
  const seconds = state.lines.reduce((sum, line) => sum + (line.seconds ?? 0), 0);
  return html`<div class="label-tools">
      <label class="search">${icons.search}<input type="search" aria-label=${t("training.labels.search")} placeholder=${t("training.labels.search")} .value=${live(state.search)} @input=${(event) => app.labels.filter({ search: event.target.value })} /></label>
      <label class="check"><input type="checkbox" .checked=${live(state.only)} @change=${(event) => app.labels.filter({ only: event.target.checked })} />${t("training.labels.only")}</label>
      <span class="grow"></span>
      <small>${t("training.labels.count", { n: state.lines.length, seconds: lasting(seconds) })}</small>
      <small role="status">${state.saving ? t("training.labels.saving") : state.savedAt ? t("training.labels.saved") : ""}</small>
    </div>
    <p class="hint">${t("training.labels.help")}</p>
    ${problem(state.error)}
    <ol class="label-list">${repeat(shown.slice(0, MOST), (line) => `${line.index}:${line.path}`, (line) => row(app, line, shown))}</ol>
    ${shown.length > MOST ? html`<p class="hint">${t("training.labels.more", { n: shown.length - MOST })}</p>` : nothing}`;
}
