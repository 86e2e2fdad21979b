// The weight files: which are there, which speak, what is missing and how to get it.
import { html, nothing } from "../lib/html.js";
import { bytes } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";
import { command, empty, problem } from "./parts.js";

const ui = { gpt: "", sovits: "", error: null };

const nameOf = (one) => one.name ?? one.path?.split(/[\\/]/).pop() ?? "";

/** Bring the service's answer into one form: {gpt: [...], sovits: [...], missing: [...]}. */
export function weightsOf(models) {
  const list = (...names) => names.map((name) => models?.[name]).find(Array.isArray) ?? [];
  const current = (kind) => models?.current?.[kind] ?? models?.current?.[`${kind}_model_path`] ?? models?.[`current_${kind}`] ?? "";
  const mark = (kind, files) =>
    files.map((one) => {
      const file = typeof one === "string" ? { path: one } : one;
      return { ...file, current: file.current ?? file.path === current(kind) };
    });
  const everything = list("models", "weights", "files");
  const kind = (which) => everything.filter((one) => (one.kind ?? one.type) === which);
  return {
    gpt: mark("gpt", list("gpt", "gpt_models", "gpt_weights").concat(kind("gpt"))),
    sovits: mark("sovits", list("sovits", "sovits_models", "sovits_weights").concat(kind("sovits"))),
    missing: missingOf(models),
  };
}

/** What is missing, with the command that fetches it. */
export function missingOf(models) {
  const list = Array.isArray(models?.missing) ? models.missing : [];
  return list.map((one) => (typeof one === "string" ? { name: one, command: t("first.command") } : { name: one.name ?? one.what ?? "", detail: one.description ?? one.reason ?? one.detail, command: one.command ?? t("first.command") }));
}

function file(app, which, one) {
  const chosen = ui[which] ? ui[which] === one.path : one.current;
  const pick = () => {
    ui[which] = one.path;
    app.store.touch();
  };
  const problemText = one.error ?? one.problem;
  return html`<label class="weight ${chosen ? "chosen" : ""} ${one.current ? "current" : ""}">
    <input type="radio" name="weights-${which}" .checked=${chosen} ?disabled=${Boolean(problemText)} @change=${pick} />
    <span class="grow">
      <strong>${nameOf(one)}</strong>
      <small title=${one.path ?? ""}>${one.path}</small>
      ${problemText ? html`<small class="row-error">${problemText}</small>` : nothing}
    </span>
    <span class="weight-about">
      ${one.version ? html`<span class="chip">${one.version}</span>` : nothing}
      ${one.current ? html`<span class="chip done">${t("weights.current")}</span>` : nothing}
      <small>${one.size ?? one.size_bytes ?? one.bytes ? bytes(one.size ?? one.size_bytes ?? one.bytes) : ""}</small>
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
  const { gpt, sovits, missing } = weightsOf(models);
  const current = (files) => files.find((one) => one.current)?.path ?? "";
  const change = {
    ...(ui.gpt && ui.gpt !== current(gpt) ? { gpt_model_path: ui.gpt } : {}),
    ...(ui.sovits && ui.sovits !== current(sovits) ? { sovits_model_path: ui.sovits } : {}),
  };
  const changed = Object.keys(change).length > 0;
  const apply = async () => {
    ui.error = null;
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
  return html`<header class="view-head"><h1>${t("nav.weights")}</h1></header>
    ${problem(weightsError, { retry: () => app.library.loadWeights().catch(() => {}) })}
    ${ready && !ready.ok && health ? html`<div class="banner warn" role="status">${icons.warn}<span>${t("weights.not.ready")} ${ready.detail}</span></div>` : nothing}
    ${missing.length
      ? html`<section class="panel missing"><h2>${t("weights.missing")}</h2>
          ${missing.map((one) => html`<div class="missing-one"><strong>${one.name}</strong>${one.detail ? html`<p class="hint">${one.detail}</p>` : nothing}${command(app, one.command)}</div>`)}
        </section>`
      : nothing}
    ${models && !gpt.length && !sovits.length
      ? empty({ icon: icons.weights, title: t("weights.none"), text: t("weights.none.text"), action: missing.length ? nothing : command(app, t("first.command")) })
      : html`<div class="weights">${column(app, "gpt", gpt)}${column(app, "sovits", sovits)}</div>`}
    ${problem(ui.error)}
    ${switching || changed
      ? html`<div class="apply-bar" role="status">
          ${switching
            ? html`<div class="bar indeterminate"><span></span></div><span>${t("weights.switching")}</span>`
            : html`<span class="grow">${t("weights.change")}</span>
                <button type="button" class="button" @click=${undo}>${t("cancel")}</button>
                <button type="button" class="button primary" @click=${apply}>${t("weights.switch")}</button>`}
        </div>`
      : nothing}`;
}
