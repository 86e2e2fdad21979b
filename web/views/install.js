// Installing weights and language data: what is missing, and a download that can be watched, paused and resumed.
import { css, html, live, nothing } from "../lib/html.js";
import { bytes, lasting } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { grouped, isMixed, percentOf, remaining } from "../data/install.js";
import { icons } from "./icons.js";
import { command, problem, select } from "./parts.js";

const isActive = (download) => download?.state === "running" || download?.state === "paused" || download?.state === "failed";

function bar(download) {
  const percent = percentOf(download);
  const label = t("install.progress");
  if (percent === null) return html`<div class="bar ${download.state === "running" ? "indeterminate" : ""}" role="progressbar" aria-label=${label}><span></span></div>`;
  return html`<div class="bar" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}>
    <span ${css({ "--progress": String(percent / 100) })}></span>
  </div>`;
}

function timeLeft({ total, done, rate }) {
  return total && rate > 1000 ? t("task.eta", { time: lasting((total - done) / rate) }) : "";
}

function reasons(app, download) {
  return html`<ul class="install-errors" role="alert">
    ${download.errors.map(
      ({ name, reasons: all }) => html`<li>${icons.warn}<div><strong>${nameOf(app, name)}</strong>${all.map((one) => html`<p>${whyNot(one, app.language())}</p>`)}</div></li>`,
    )}
  </ul>`;
}

/** A reason in the words of the page, which has buttons where the command line has options. */
function whyNot({ key, params = {}, ...words }, language) {
  const own = `why.${key}`;
  const text = t(own, params);
  return text === own ? (words[language] ?? words.en) : text;
}

function nameOf(app, id) {
  const found = app.install.state.resources?.find((one) => one.id === id);
  return found ? described(app, found) : id;
}

const described = (app, one) => (app.language() === "zh" ? one.description_zh : one.description) || one.id;

/** The download that runs, rests or has failed. */
export function downloadPanel(app) {
  const { download, busy, allowed } = app.install.state;
  if (!isActive(download)) return nothing;
  const { state, done, total, rate, file } = download;
  const percent = percentOf(download);
  const facts = [
    total ? t("install.of", { done: bytes(done), total: bytes(total) }) : bytes(done),
    state === "running" && rate > 0 ? `${bytes(rate)}/s` : "",
    state === "running" ? timeLeft(download) : "",
  ].filter(Boolean);
  return html`<section class="panel loading-panel" aria-label=${t("install.download")}>
    <header><h2>${t(`install.${state}`)}</h2>${percent === null ? nothing : html`<span class="percent">${percent} %</span>`}</header>
    ${bar(download)}
    <p class="hint"><span>${facts.join(" · ")}</span>${file ? html`<span>${file.split("/").pop()}</span>` : nothing}</p>
    ${state === "failed" && download.errors.length ? reasons(app, download) : nothing}
    ${allowed
      ? html`<div class="row wrap">
          ${state === "running"
            ? html`<button type="button" class="button" ?disabled=${busy} @click=${app.install.pause}>${icons.pause}${t("install.pause")}</button>`
            : html`<button type="button" class="button primary" ?disabled=${busy} @click=${app.install.resume}>${icons.play}${t(state === "failed" ? "again" : "install.resume")}</button>`}
          <button type="button" class="button quiet" ?disabled=${busy} @click=${app.install.discard}>${t("install.discard")}</button>
        </div>`
      : nothing}
  </section>`;
}

function sourceChoice(app) {
  const { sources, source, folder } = app.install.state;
  const { set } = app.install;
  return html`<div class="install-source">
    <label for="install-source">${t("install.source")}</label>
    ${select({ id: "install-source", value: source, options: sources.map((value) => ({ value, text: t(`source.${value}`) })), onPick: (value) => set({ source: value }) })}
    ${source === "folder"
      ? html`<input id="install-folder" type="text" spellcheck="false" autocomplete="off" aria-label=${t("install.folder")} placeholder=${t("install.folder.placeholder")} .value=${live(folder)} @input=${(event) => set({ folder: event.target.value })} />`
      : nothing}
  </div>`;
}

function serves(one) {
  const names = one.languages.length ? (isMixed(one) ? [t("install.mixed")] : one.languages.map((language) => t(`speaks.${language}`))) : one.versions;
  return names.join(t("list.comma"));
}

function resource(app, one) {
  const { download, busy, allowed } = app.install.state;
  const running = download?.state === "running";
  const brought = running && download.ids.includes(one.id);
  const partly = !one.here && one.fetched > 0 && one.size;
  return html`<li class="install-one ${one.here ? "here" : ""}" data-resource=${one.id}>
    <div class="grow">
      <p><strong>${described(app, one)}</strong></p>
      <small>${[serves(one), one.size ? bytes(one.size) : t("install.size.unknown"), t("install.licence", { licence: one.licence }), partly && !brought ? t("install.partly", { percent: Math.floor((100 * one.fetched) / one.size) }) : ""].filter(Boolean).join(" · ")}</small>
    </div>
    ${one.here
      ? html`<span class="chip done">${icons.check}${t("install.here")}</span>`
      : brought
        ? html`<span class="chip run">${t("install.coming")}</span>`
        : allowed
          ? html`<button type="button" class="button small" aria-label=${t("install.get.name", { name: described(app, one) })} ?disabled=${busy || running} @click=${() => app.install.begin([one.id])}>${icons.download}${t("install.get")}</button>`
          : nothing}
  </li>`;
}

function list(app, title, hint, resources) {
  if (!resources.length) return nothing;
  const missing = resources.filter((one) => !one.here);
  return html`<details class="install-group">
    <summary><span>${title}</span><small>${t("install.count", { here: resources.length - missing.length, all: resources.length })}</small>${icons.down}</summary>
    <p class="hint">${hint}</p>
    <ul class="install-list">${resources.map((one) => resource(app, one))}</ul>
  </details>`;
}

/** One button for everything that speech needs first. */
function everything(app, missing) {
  const { download, busy, source, folder, allowed } = app.install.state;
  if (!allowed) return html`<p class="hint">${t("install.admin")}</p>${command(app, fetchCommand(missing))}`;
  const ids = missing.map((one) => one.id);
  return html`<div class="install-go">
      ${sourceChoice(app)}
      <button type="button" class="button primary" ?disabled=${busy || download?.state === "running" || (source === "folder" && !folder.trim())} @click=${() => app.install.begin(ids)}>
        ${icons.download}${source === "folder" ? t("install.copy") : t("install.all", { size: bytes(remaining(missing)) })}
      </button>
    </div>
    <details class="install-by-hand"><summary>${t("install.by.hand")}</summary>
      <p class="hint">${t("install.by.hand.text")}</p>
      ${command(app, fetchCommand(missing))}
    </details>`;
}

/** The command that brings the same, for a terminal: it takes any number of ids. */
export function fetchCommand(missing) {
  return [missing[0].command, ...missing.slice(1).map((one) => one.id)].join(" ");
}

export function missingBase(app) {
  return grouped(app.install.state.resources).base.filter((one) => !one.here && (app.library.state.weights?.missing ?? []).some(({ name }) => name === one.id));
}

export function installView(app) {
  const { resources, error, download } = app.install.state;
  const { base, languages, others } = grouped(resources);
  const missing = missingBase(app);
  return html`${downloadPanel(app)} ${problem(error)}
    ${resources === null
      ? nothing
      : html`<section class="panel install" aria-labelledby="install-title">
          <h2 id="install-title">${missing.length ? t("install.missing", { size: bytes(remaining(missing)) }) : t("install.title")}</h2>
          ${missing.length
            ? html`<p class="hint">${t("install.missing.text")}</p>
                <ul class="install-list">${missing.map((one) => resource(app, one))}</ul>
                ${isActive(download) && download.state !== "failed" ? nothing : everything(app, missing)}`
            : html`<p class="hint">${t("install.complete")}</p>`}
          ${missing.length || !languages.concat(others).some((one) => !one.here) || !app.install.state.allowed ? nothing : sourceChoice(app)}
          ${list(app, t("install.base"), t("install.base.text"), missing.length ? base.filter((one) => !missing.includes(one)) : base)}
          ${list(app, t("install.languages"), t("install.languages.text"), languages)}
          ${list(app, t("install.others"), t("install.others.text"), others)}
        </section>`}`;
}
