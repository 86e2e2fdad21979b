// All voices, as cards or as a table.
import { html, live, nothing } from "../lib/html.js";
import { ago, count } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { filterVoices } from "../data/library.js";
import { categoryName } from "../data/voice-actions.js";
import "../elements/virtual-list.js";
import { verdict, warningsOf } from "./doctor.js";
import { icons } from "./icons.js";
import { avatar, empty, iconButton, problem, segmented, select } from "./parts.js";

const ui = { name: "", category: "", page: 1, importError: null, importFile: null };
const SIZES = [0, 5, 10, 20];

function playButton(app, voice, size = "") {
  const playing = app.player.isPlaying(`voice:${voice.model_id}`);
  return html`<button
    type="button"
    class="play ${size}"
    aria-label=${playing ? t("pause") : t("voice.play", { name: voice.model_name })}
    @click=${() => app.playVoice(voice)}
  >${playing ? icons.pause : icons.play}</button>`;
}

function buttons(app, voice) {
  return html`
    ${iconButton({ icon: icons.edit, label: t("voice.edit", { name: voice.model_name }), onClick: () => app.openEditor(voice) })}
    ${iconButton({ icon: icons.download, label: t("voice.export", { name: voice.model_name }), onClick: () => app.exportVoice(voice) })}
    ${iconButton({ icon: icons.trash, label: t("voice.delete", { name: voice.model_name }), onClick: () => app.deleteVoice(voice) })}
  `;
}

function tags(app, voice, most = 2) {
  const all = voice.categories ?? [];
  return html`<span class="tags">
    ${all.slice(0, most).map((id) => html`<span class="tag" title=${categoryName(app.library, id)}>${categoryName(app.library, id)}</span>`)}
    ${all.length > most ? html`<span class="tag rest" title=${all.slice(most).map((id) => categoryName(app.library, id)).join(", ")}>+${all.length - most}</span>` : nothing}
  </span>`;
}

function doctorMark(app, voice) {
  const warnings = warningsOf(verdict(voice), app.language());
  return warnings.length ? html`<span class="doctor-mark" title=${warnings.join("\n")}>${icons.warn}<span class="hidden">${warnings.join(" ")}</span></span>` : nothing;
}

const errorOf = (app, voice) => app.store.state.rowErrors.get(`voice:${voice.model_id}`);

function errorWords(error) {
  return html`<p class="row-error" role="alert" title=${error.message}>${error.message}</p>`;
}

/** What can be done about an error: a voice that is in use may go all the same. */
function wayOn(app, voice, error) {
  return html`<button type="button" class="button small" @click=${() => app.rowError(`voice:${voice.model_id}`, null)}>${t(error.kind === "conflict" ? "voice.keep" : "close")}</button>
    ${error.kind === "conflict"
      ? html`<button type="button" class="button small danger" title=${t("voice.force.hint")} @click=${() => app.deleteVoiceAnyway(voice)}>${icons.trash}${t("voice.force")}</button>`
      : nothing}`;
}

function card(app, voice) {
  const error = errorOf(app, voice);
  return html`<article class="voice-card ${error ? "failed" : ""}" data-key="voice:${voice.model_id}" aria-label=${voice.model_name}>
    <div class="voice-top">
      <span class="portrait">${avatar(app, voice, "large")}${playButton(app, voice, "small")}</span>
      <div class="grow">
        <h3><span class="ellipsis" title=${voice.model_name}>${voice.model_name}</span>${doctorMark(app, voice)}</h3>
        <small>${t(`gender.${voice.gender}`)} · ${voice.model_id}</small>
        ${tags(app, voice)}
      </div>
    </div>
    ${error ? errorWords(error) : html`<p class="quote">${voice.prompt_text || html`<span class="faint">${t("voice.no.text")}</span>`}</p>`}
    <div class="voice-foot">
      ${error
        ? wayOn(app, voice, error)
        : html`<button type="button" class="button small" @click=${() => app.speakWith(voice)}>${icons.spark}${t("voice.speak")}</button>
            <span class="grow"></span>${buttons(app, voice)}`}
    </div>
  </article>`;
}

function tableRow(app, voice) {
  const error = errorOf(app, voice);
  return html`<article class="voice-row ${error ? "failed" : ""}" data-key="voice:${voice.model_id}" aria-label=${voice.model_name}>
    ${playButton(app, voice, "small")}${avatar(app, voice, "small")}
    <div class="col name"><strong>${voice.model_name}${doctorMark(app, voice)}</strong><small>${voice.model_id}</small></div>
    <div class="col text">${error ? errorWords(error) : html`<span class="quote">${voice.prompt_text}</span>`}</div>
    <div class="col cats">${tags(app, voice, 1)}</div>
    <small class="col when">${ago(voice.created_at, app.language())}</small>
    <div class="task-buttons">
      ${error
        ? wayOn(app, voice, error)
        : html`${iconButton({ icon: icons.spark, label: t("voice.speak.name", { name: voice.model_name }), onClick: () => app.speakWith(voice) })}${buttons(app, voice)}`}
    </div>
  </article>`;
}

async function bring(app, file, how) {
  ui.importError = await how(file);
  ui.importFile = ui.importError ? file : null;
  app.store.touch();
}

/** A file whose voice is here already can be kept beside it. */
function importProblem(app) {
  if (!ui.importError?.taken) return problem(ui.importError);
  const action = html`<button type="button" class="button small" @click=${() => bring(app, ui.importFile, app.importCopy)}>${t("voice.import.copy")}</button>`;
  return problem({ message: t("voice.import.taken", { name: ui.importFile.name }) }, { action });
}

function toolbar(app) {
  const { settings, library } = app;
  const { voiceLayout, pageSize } = settings.values;
  const set = (patch) => {
    Object.assign(ui, patch, { page: patch.page ?? 1 });
    app.store.touch();
  };
  const pickFile = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) await bring(app, file, app.importVoice);
  };
  return html`<div class="toolbar">
    <div class="search">
      ${icons.search}
      <input
        id="voice-search"
        type="search"
        aria-label=${t("voices.search")}
        placeholder=${t("voices.search")}
        .value=${live(ui.name)}
        @input=${(event) => set({ name: event.target.value })}
      />
    </div>
    ${select({
      id: "voice-category",
      label: t("voices.category"),
      value: ui.category,
      options: [{ value: "", text: t("voices.all.categories") }, ...library.state.categories.map((one) => ({ value: one.category_id, text: one.category_name }))],
      onPick: (category) => set({ category }),
    })}
    ${iconButton({ icon: icons.tag, label: t("categories.manage"), onClick: app.openCategories })}
    <span class="grow"></span>
    ${select({
      id: "voice-page-size",
      label: t("voices.size"),
      value: String(pageSize),
      options: SIZES.map((size) => ({ value: String(size), text: size ? t("voices.size.n", { size }) : t("voices.size.all") })),
      onPick: (size) => {
        ui.page = 1;
        settings.set({ pageSize: Number(size) });
      },
    })}
    ${segmented({
      name: "layout",
      label: t("voices.layout"),
      value: voiceLayout,
      options: [
        { value: "cards", icon: icons.cards, text: html`<span class="hidden">${t("voices.cards")}</span>` },
        { value: "table", icon: icons.table, text: html`<span class="hidden">${t("voices.table")}</span>` },
      ],
      onPick: (layout) => settings.set({ voiceLayout: layout }),
    })}
    <label class="button">${icons.upload}<span>${t("voice.import")}</span><input class="hidden" type="file" accept=".zip,application/zip" @change=${pickFile} /></label>
    <button type="button" class="button primary" @click=${() => app.openEditor()}>${icons.plus}${t("voice.new")}</button>
  </div>`;
}

function pager(total, size) {
  const pages = Math.max(1, Math.ceil(total / size));
  return { pages, page: Math.min(ui.page, pages) };
}

export function voicesView(app) {
  const { library, settings } = app;
  const { voices: loaded, voicesError } = library.state;
  const { voiceLayout, pageSize } = settings.values;
  const found = filterVoices(library.voices, ui);
  const { pages, page } = pager(found.length, pageSize || found.length || 1);
  const shown = pageSize ? found.slice((page - 1) * pageSize, page * pageSize) : found;
  const cards = voiceLayout === "cards";
  const view = {
    count: shown.length,
    least: cards ? 290 : 0,
    gap: cards ? 16 : 4,
    renderItem: (index) => (shown[index] ? (cards ? card(app, shown[index]) : tableRow(app, shown[index])) : nothing),
    keyOf: (index) => shown[index]?.model_id ?? index,
    onRange() {},
  };
  const turn = (step) => {
    ui.page = page + step;
    app.store.touch();
  };
  return html`<header class="view-head">
      <h1>${t("nav.voices")}</h1>
      ${loaded ? html`<span class="badge">${count(found.length, app.language())}</span>` : nothing}
    </header>
    ${toolbar(app)} ${problem(voicesError, { retry: () => library.loadVoices().catch(() => {}) })} ${importProblem(app)}
    ${!loaded && !voicesError ? html`<div class="card-skeletons" aria-busy="true">${[1, 2, 3, 4, 5, 6].map(() => html`<div class="voice-card skeleton"></div>`)}</div>` : nothing}
    ${loaded && !library.voices.length
      ? empty({
          icon: icons.mic,
          title: t("voices.none"),
          text: t("voices.none.text"),
          action: html`<button type="button" class="button primary" @click=${() => app.openEditor()}>${icons.plus}${t("voice.new")}</button>`,
        })
      : loaded && !found.length
        ? empty({ icon: icons.search, title: t("voices.none.filtered"), text: t("voices.none.filtered.text") })
        : nothing}
    <virtual-list class="voices ${voiceLayout}" role="list" aria-label=${t("nav.voices")} .view=${view}></virtual-list>
    ${pageSize && pages > 1
      ? html`<nav class="pager" aria-label=${t("pager")}>
          <button type="button" class="button small" ?disabled=${page <= 1} @click=${() => turn(-1)}>${t("pager.back")}</button>
          <span>${t("pager.at", { page, pages })}</span>
          <button type="button" class="button small" ?disabled=${page >= pages} @click=${() => turn(1)}>${t("pager.on")}</button>
        </nav>`
      : nothing}`;
}
