// Setting up a training: recordings, a name, and what is to be done with them.
import { css, html, live, nothing } from "../lib/html.js";
import { bytes, clock } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { engineOf, ENGINES } from "../data/new-training.js";
import { dropZone, filePicker, SOUNDS } from "./files.js";
import { icons } from "./icons.js";
import { field, iconButton, problem, select } from "./parts.js";
import { networkFields, precisionField } from "./training-network.js";

const LANGUAGES = ["zh", "en", "ja", "ko", "yue"];

function recordings(app) {
  const { state, add, drop } = app.newTraining;
  const zone = dropZone(add);
  const size = state.files.reduce((sum, { file }) => sum + file.size, 0);
  return html`<section class="step" aria-labelledby="new-recordings">
    <h3 id="new-recordings"><span class="mark">1</span>${t("new.recordings")}</h3>
    ${state.recording
      ? html`<div class="recording">
          <span class="level" ${css({ "--level": String(Math.min(1, state.recording.level * 5)) })}></span>
          <strong role="timer">${clock(state.recording.seconds)}</strong><p class="hint">${t("new.recording")}</p>
          <button type="button" class="button primary" @click=${app.newTraining.stop}>${icons.stop}${t("new.stop")}</button>
        </div>`
      : html`<div class="drop" @dragover=${zone.over} @dragleave=${zone.leave} @drop=${zone.drop}>
          <span class="drop-mark">${icons.studio}</span><strong>${t("new.drop")}</strong>
          <p class="hint">${t("new.recordings.hint")}</p>
          <div class="row center">
            ${filePicker({ id: "new-files", accept: SOUNDS, label: t("new.choose"), take: add, multiple: true })}
            <button type="button" class="button" @click=${app.newTraining.record}>${icons.mic}${t("new.record")}</button>
          </div>
        </div>`}
    ${state.files.length
      ? html`<ul class="new-files">${state.files.map((one) => html`<li><span class="grow ellipsis">${one.file.name}</span><small>${bytes(one.file.size)}</small>${one.sent ? icons.check : iconButton({ icon: icons.close, label: t("new.remove", { name: one.file.name }), onClick: () => drop(one), disabled: Boolean(state.sending) })}</li>`)}</ul>
          <small>${t("new.total", { n: state.files.length, size: bytes(size) })}</small>`
      : html`<details class="advanced"><summary><span>${t("new.server")}</span>${icons.down}</summary>
          <input id="new-folder" type="text" spellcheck="false" autocomplete="off" aria-label=${t("new.server")} placeholder=${t("new.server.placeholder")} .value=${live(state.fields.folder)} @input=${(event) => app.newTraining.edit({ folder: event.target.value })} /></details>`}
  </section>`;
}

function number(app, name, label, most) {
  const id = `new-${name}`;
  return field({
    id,
    label,
    control: html`<input id=${id} type="number" min="1" max=${most} .value=${live(String(app.newTraining.state.fields[name]))} @change=${(event) => app.newTraining.edit({ [name]: Math.max(1, Math.min(most, Math.round(Number(event.target.value)) || 1)) })} />`,
  });
}

function about(app) {
  const { fields } = app.newTraining.state;
  const engines = ENGINES.filter(({ languages }) => languages.includes(fields.language));
  return html`<section class="step" aria-labelledby="new-about">
    <h3 id="new-about"><span class="mark">2</span>${t("new.name")}</h3>
    <div class="new-grid">
      ${field({ id: "new-name", label: t("new.name"), hint: t("new.name.hint"), control: html`<input id="new-name" type="text" maxlength="60" autocomplete="off" placeholder=${t("new.name.placeholder")} .value=${live(fields.name)} @input=${(event) => app.newTraining.edit({ name: event.target.value })} />` })}
      ${field({ id: "new-language", label: t("new.language"), control: select({ id: "new-language", value: fields.language, options: LANGUAGES.map((value) => ({ value, text: t(`speaks.${value}`) })), onPick: (language) => app.newTraining.edit({ language }) }) })}
      ${field({ id: "new-asr", label: t("new.asr"), control: select({ id: "new-asr", value: engineOf(fields).value, options: engines.map(({ value }) => ({ value, text: value })), onPick: (engine) => app.newTraining.edit({ engine }) }) })}
      ${networkFields({ prefix: "new", network: fields, onPick: (network) => app.newTraining.edit(network) })}
    </div>
    <details class="advanced"><summary>${icons.settings}<span>${t("new.options")}</span>${icons.down}</summary>
      <div class="advanced-grid">${number(app, "sovitsEpochs", t("new.sovits.epochs"), 1000)}${number(app, "gptEpochs", t("new.gpt.epochs"), 1000)}${number(app, "batch", t("new.batch"), 64)}${precisionField({ prefix: "new", precision: fields.precision, onPick: (precision) => app.newTraining.edit(precision) })}</div>
    </details>
  </section>`;
}

export function newTraining(app) {
  const { state, begin, toggle } = app.newTraining;
  const { sending } = state;
  return html`<section class="panel new-training" aria-labelledby="new-title">
    <header class="panel-head"><h2 id="new-title">${t("new.title")}</h2>${iconButton({ icon: icons.close, label: t("close"), onClick: () => toggle(false), disabled: Boolean(sending) })}</header>
    ${recordings(app)}${about(app)}
    ${problem(state.error)}
    <footer class="row wrap">
      <button type="button" class="button primary" ?disabled=${Boolean(sending)} @click=${() => begin("one_click")}>${icons.spark}${t("new.all")}</button>
      <button type="button" class="button" ?disabled=${Boolean(sending)} @click=${() => begin("open_slice")}>${icons.scissors}${t("new.some")}</button>
      ${sending ? html`<span role="status">${sending.name ? t("new.sending", sending) : t("compose.busy")}</span>` : nothing}
    </footer>
    <p class="hint">${t("new.all.hint")}</p>
  </section>`;
}
