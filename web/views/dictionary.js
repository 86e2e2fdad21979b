// The dialog in which words get their pronunciation: of all voices, or of one.
import { html, live, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { LONGEST_PRONUNCIATION, LONGEST_WORD, SPOKEN_AS } from "../data/dictionary.js";
import { icons } from "./icons.js";
import { iconButton, modal, problem, select } from "./parts.js";

const EXAMPLES = { zh: "chong2 lou2", yue: "hong4 hong4", en: "EH1 N JH AH0 N EH2 K S", ja: "h a [ ts u n e", ko: "ㄱ ㅏ ㅂ" };
const MOST_SHOWN = 200;
const SEARCH_FROM = 8;

const languages = () => Object.entries(SPOKEN_AS).map(([value, code]) => ({ value, text: t(`language.${code}`) }));

function field(app, row, name, label, most, placeholder = "") {
  const wrong = app.store.state.dictionary.problems[row.key]?.[name];
  return html`<input
    id="d-${name}-${row.key}"
    type="text"
    autocomplete="off"
    spellcheck="false"
    maxlength=${most}
    placeholder=${placeholder}
    aria-label=${label}
    aria-invalid=${wrong ? "true" : nothing}
    aria-describedby=${wrong ? `d-wrong-${row.key}` : nothing}
    .value=${live(row[name])}
    @input=${(event) => app.editEntry(row.key, { [name]: event.target.value })}
  />`;
}

function entry(app, row) {
  const { problems, heard } = app.store.state.dictionary;
  const mine = heard?.key === row.key ? heard : null;
  const wrong = [...Object.values(problems[row.key] ?? {}), ...(mine?.error ? [mine.error.message] : [])];
  const word = row.word.trim();
  return html`<li data-key="entry:${row.key}">
    <div class="entry">
      ${select({ id: `d-language-${row.key}`, label: t("dictionary.language"), value: row.language, options: languages(), onPick: (language) => app.editEntry(row.key, { language }) })}
      ${field(app, row, "word", t("dictionary.word"), LONGEST_WORD, t("dictionary.word"))}
      ${field(app, row, "pronunciation", t("dictionary.pronunciation.of", { word: word || "…" }), LONGEST_PRONUNCIATION, EXAMPLES[row.language])}
      ${iconButton({ icon: mine?.playing ? icons.pause : icons.play, label: t(mine?.playing ? "dictionary.quiet" : "dictionary.hear", { word: word || "…" }), disabled: !app.dictionarySpeaker() || !word || !row.pronunciation.trim(), onClick: () => app.hearEntry(row) })}
      ${iconButton({ icon: icons.trash, label: t("dictionary.delete", { word: word || "…" }), onClick: () => app.removeEntry(row.key) })}
    </div>
    ${wrong.length ? html`<p class="field-error" id="d-wrong-${row.key}" role="alert">${wrong.join(" ")}</p>` : nothing}
  </li>`;
}

function toolbar(app, { voice, rows, search }) {
  const voices = app.library.voices.map((one) => ({ value: one.model_id, text: one.model_name }));
  return html`<div class="row">
    <button type="button" class="button" id="d-add" @click=${app.addEntry}>${icons.plus}${t("dictionary.add")}</button>
    ${rows.length >= SEARCH_FROM || search
      ? html`<input type="search" aria-label=${t("dictionary.search")} placeholder=${t("dictionary.search")} .value=${live(search)} @input=${(event) => app.patchDictionary({ search: event.target.value })} />`
      : nothing}
    <span class="grow"></span>
    ${voice || !voices.length
      ? nothing
      : html`<label class="hint" for="d-speaker">${t("dictionary.speaker")}</label>${select({ id: "d-speaker", value: app.dictionarySpeaker(), options: voices, onPick: (value) => app.patchDictionary({ speaker: value }) })}`}
  </div>`;
}

function list(app, { rows, search }) {
  const wanted = search.trim().toLowerCase();
  const found = rows.filter((row) => !wanted || `${row.word}\n${row.pronunciation}`.toLowerCase().includes(wanted));
  if (!found.length) return html`<p class="hint pad">${t(wanted ? "dictionary.not.found" : "dictionary.none")}</p>`;
  return html`<ul class="entries">${found.slice(0, MOST_SHOWN).map((row) => entry(app, row))}</ul>
    ${found.length > MOST_SHOWN ? html`<p class="hint">${t("dictionary.more", { n: found.length - MOST_SHOWN })}</p>` : nothing}`;
}

/** Closing must not cost what was typed. */
function askBeforeLeaving(app) {
  return html`<div class="ask note warn" role="alertdialog" aria-label=${t("editor.leave")}>
    ${icons.warn}<span>${t("editor.leave")}</span>
    <button type="button" class="button small primary" @click=${() => app.patchDictionary({ asking: false })}>${t("editor.stay")}</button>
    <button type="button" class="button small danger" @click=${app.closeDictionary}>${t("editor.discard")}</button>
  </div>`;
}

function foot(app, { asking, error, busy, saved }) {
  const conflict = error?.reason === "dictionary_changed";
  return html`<footer class="modal-foot">
    ${asking ? askBeforeLeaving(app) : nothing}
    ${problem(error, { action: conflict ? html`<button type="button" class="button small" @click=${app.loadDictionary}>${t("dictionary.reload")}</button>` : nothing })}
    ${saved ? html`<p class="good-line" role="status">${icons.check}${t("dictionary.saved")}</p>` : nothing}
    <span class="grow"></span>
    <button type="button" class="button" @click=${app.leaveDictionary}>${t("close")}</button>
    <button type="submit" class="button primary ${busy ? "busy" : ""}" ?disabled=${busy || !app.dictionaryChanged()}>${t("dictionary.save")}</button>
  </footer>`;
}

export function dictionaryDialog(app, dictionary) {
  const { voice, loading, loadError } = dictionary;
  const title = voice ? t("dictionary.title.voice", { name: voice.model_name }) : t("dictionary.title");
  const submit = (event) => {
    event.preventDefault();
    app.saveDictionary();
  };
  const content = loading
    ? html`<p class="hint pad" role="status">${t("dictionary.loading")}</p>`
    : loadError
      ? problem(loadError, { retry: app.loadDictionary })
      : html`<form novalidate @submit=${submit}>${toolbar(app, dictionary)} ${list(app, dictionary)} ${foot(app, dictionary)}</form>`;
  const body = html`<header class="modal-head"><h2>${title}</h2>${iconButton({ icon: icons.close, label: t("close"), onClick: app.leaveDictionary })}</header>
    <p class="hint">${t(voice ? "dictionary.text.voice" : "dictionary.text")}</p>
    ${content}`;
  return modal({ app, name: "dictionary", label: title, onClose: app.leaveDictionary, body });
}
