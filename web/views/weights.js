// The weight files: which are there, which speak, and what can be installed.
import { html, nothing } from "../lib/html.js";
import { bytes } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { installView } from "./install.js";
import { loadingPanel } from "./loading.js";
import { empty, problem } from "./parts.js";
import { starterNote } from "./starter.js";
import { isStarting } from "./state.js";

const ui = { gpt: "", sovits: "", error: null };

/** Both kinds of weight files; empty lists while nothing is known. */
export function weightsOf(models) {
  const usableFirst = (files) => [...files].sort((a, b) => Number(Boolean(a.problem)) - Number(Boolean(b.problem)));
  return { gpt: usableFirst(models?.gpt ?? []), sovits: usableFirst(models?.sovits ?? []) };
}

function file(app, which, one) {
  const chosen = ui[which] ? ui[which] === one.path : one.current;
  const pick = () => {
    ui[which] = one.path;
    ui.error = null;
    app.store.touch();
  };
  return html`<label class="weight ${chosen ? "chosen" : ""} ${one.current ? "current" : ""}">
    <input type="radio" name="weights-${which}" .checked=${chosen} ?disabled=${Boolean(one.problem || app.library.state.switching)} @change=${pick} />
    <span class="grow">
      <strong>${one.name}</strong>
      <small>${one.path}</small>
      ${one.problem ? html`<small class="row-error">${one.problem}</small>` : nothing}
    </span>
    <span class="weight-about">
      ${one.version ? html`<span class="chip">${one.version}</span>` : nothing}
      ${one.current ? html`<span class="chip done">${t("weights.current")}</span>` : nothing}
      <small>${bytes(one.size)}</small>
    </span>
  </label>`;
}

function column(app, which, files) {
  return html`<fieldset class="panel weights-column">
    <legend><h2>${t(`weights.${which}`)}</h2></legend>
    <p class="hint">${t(`weights.${which}.hint`)}</p>
    ${files.length ? files.map((one) => file(app, which, one)) : html`<p class="hint pad">${t("weights.none.kind")}</p>`}
  </fieldset>`;
}

export function weightsView(app) {
  const { weights: models, weightsError, switching } = app.library.state;
  const { gpt, sovits } = weightsOf(models);
  const current = (files) => files.find((one) => one.current)?.path ?? "";
  const change = {
    ...(ui.gpt && ui.gpt !== current(gpt) ? { gpt_model_path: ui.gpt } : {}),
    ...(ui.sovits && ui.sovits !== current(sovits) ? { sovits_model_path: ui.sovits } : {}),
  };
  const changed = Object.keys(change).length > 0;
  const apply = async () => {
    ui.error = null;
    app.say(t("weights.switching"));
    try {
      await app.library.switchWeights(change);
      Object.assign(ui, { gpt: "", sovits: "" });
      app.toast(t("weights.switched"), "good");
      app.loadHealth().catch(() => {});
    } catch (error) {
      ui.error = error;
      app.store.touch();
    }
  };
  const undo = () => {
    Object.assign(ui, { gpt: "", sovits: "", error: null });
    app.store.touch();
  };
  const { ready, health } = app.store.state;
  const early = isStarting(health);
  return html`<header class="view-head"><h1>${t("nav.weights")}</h1></header>
    ${problem(weightsError, { retry: () => app.library.loadWeights().catch(() => {}) })}
    ${ready && !ready.ok && health && !early && health.engine !== "no_weights" ? html`<div class="banner warn" role="status">${icons.warn}<span>${t("weights.not.ready")} ${ready.detail}</span></div>` : nothing}
    ${starterNote(app)} ${loadingPanel(app)}
    ${installView(app)}
    ${models && !models.current && !gpt.length && !sovits.length
      ? empty({ icon: icons.weights, title: t("weights.none"), text: t("weights.none.text") })
      : models || weightsError
        ? html`<div class="weights">${column(app, "gpt", gpt)}${column(app, "sovits", sovits)}</div>`
        : html`<div class="weights" aria-busy="true"><div class="panel weights-column skeleton"></div><div class="panel weights-column skeleton"></div></div>`}
    ${changed || ui.error
      ? html`<div class="apply-bar ${ui.error ? "failed" : ""}" role="group" aria-label=${t("weights.switch")}>
          ${ui.error ? html`<p class="apply-error" role="alert">${icons.warn}<span>${ui.error.message}<small>${t("weights.kept")}</small></span></p>` : html`<span class="grow">${t("weights.change")}</span>`}
          ${switching ? nothing : html`<button type="button" class="button" @click=${undo}>${t("cancel")}</button>`}
          ${changed ? html`<button type="button" class="button primary ${switching ? "busy" : ""}" ?disabled=${Boolean(switching)} @click=${apply}>${switching ? html`${icons.retry}${t("weights.switching")}` : ui.error ? t("again") : t("weights.switch")}</button>` : nothing}
        </div>`
      : nothing}`;
}
