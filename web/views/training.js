// Fine-tuning a voice: all trainings, and one of them with its steps, texts, curves and what can be heard of it.
import { css, html, nothing, repeat } from "../lib/html.js";
import { ago, lasting } from "../lib/format.js";
import { errorWords, t } from "../lib/i18n.js";
import { ACTIVE, artefacts, STEPS } from "../data/training.js";
import { icons } from "./icons.js";
import { labelEditor } from "./label-editor.js";
import { listening } from "./listening.js";
import { newTraining } from "./new-training.js";
import { empty, iconButton, problem } from "./parts.js";
import { curvesPanel, samplesPanel } from "./training-curves.js";
import { networkOf, nextRequest } from "../data/training-steps.js";
import { networkFields, precisionField } from "./training-network.js";

const TONES = { done: "done", error: "error", cancelled: "error", run: "run", wait: "wait", paused: "wait" };
const ui = { asking: "" };

const chip = (state) => html`<span class="chip ${TONES[state] ?? ""}">${t(`training.state.${state}`)}</span>`;
const saidBy = (one) => (one.error_said && errorWords(one.error_said.code, one.error_said.params)) || one.error;

function bar(step, label) {
  return html`<div class="bar ${step.state === "run" && !step.total ? "indeterminate" : ""}" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${step.progress}>
    <span ${css({ "--progress": String(step.progress / 100) })}></span>
  </div>`;
}

// --- all of them ---

function card(app, one) {
  const name = one.exp_name || one.session_id;
  return html`<a class="panel training-card" href="#/training/${encodeURIComponent(one.session_id)}" data-key="training:${one.session_id}">
    <span class="grow"><strong class="ellipsis">${name}</strong><small>${t(`training.step.${one.kind}`)} · ${ago(one.updated_at, app.language())}</small>
      ${ACTIVE.has(one.state) ? bar(one, t("training.step.progress")) : nothing}
      ${one.state === "error" ? html`<small class="row-error">${saidBy(one)}</small>` : nothing}
    </span>${chip(one.state)}${icons.more}
  </a>`;
}

function listView(app) {
  const { sessions, error } = app.training.state;
  const { open } = app.newTraining.state;
  const begin = html`<button type="button" class="button primary" @click=${() => app.newTraining.toggle(true)}>${icons.plus}${t("training.new")}</button>`;
  return html`<header class="view-head"><h1>${t("nav.training")}</h1>${open || !sessions?.length ? nothing : begin}</header>
    ${open ? newTraining(app) : nothing}
    ${problem(error, { retry: app.training.load })}
    ${sessions?.length
      ? html`<section class="training-list" aria-label=${t("training.list")}>${repeat(sessions, (one) => one.session_id, (one) => card(app, one))}</section>`
      : sessions && !open
        ? empty({ icon: icons.training, title: t("training.none"), text: t("training.none.text"), action: begin })
        : sessions || error ? nothing : html`<div class="panel skeleton training-skeleton" aria-busy="true"></div>`}`;
}

// --- one of them ---

function factsOf(step) {
  const training = step.kind.endsWith("_train");
  return [
    step.total ? t(training ? "training.step.count" : "training.step.files", step) : "",
    training && step.epochs ? t("training.step.epoch", { epoch: step.epoch ?? 1, epochs: step.epochs }) : "",
    step.state === "run" && step.steps_per_second ? t("training.step.rate", { rate: step.steps_per_second.toPrecision(2) }) : "",
    step.state === "run" && step.seconds_left ? t("training.step.left", { time: lasting(step.seconds_left) }) : "",
    step.problems ? t("training.step.problems", { n: step.problems }) : "",
  ].filter(Boolean);
}

function stepRow(app, session, kind, network) {
  const step = session.steps.find((one) => one.kind === kind);
  const { busy } = app.training.state;
  const request = nextRequest(session, kind, app.settings.values.user, network);
  const go = () => app.training.start(request.route, request.fields);
  const startable = request && !ACTIVE.has(step?.state) && !ACTIVE.has(session.state);
  return html`<li class="training-step" data-state=${step?.state ?? "missing"} data-kind=${kind}>
    <span class="mark">${step?.state === "done" ? icons.check : step?.state === "error" ? icons.warn : STEPS.indexOf(kind) + 1 || "·"}</span>
    <div class="grow">
      <strong>${t(`training.step.${kind}`)}</strong>
      <small>${step ? factsOf(step).join(" · ") || t(`training.state.${step.state}`) : t("training.step.missing")}${step?.state === "run" && step.file ? html` · <span class="faint">${step.file}</span>` : nothing}</small>
      ${step && ACTIVE.has(step.state) ? bar(step, t("training.step.progress")) : nothing}
      ${step?.state === "error" ? html`<p class="row-error" role="alert">${saidBy(step)}</p>` : nothing}
    </div>
    ${startable ? html`<button type="button" class="button small" ?disabled=${busy} @click=${go}>${step?.state === "done" ? icons.retry : icons.play}${t(step?.state === "done" ? "training.step.rerun" : "training.step.run")}</button>` : nothing}
  </li>`;
}

function stepsPanel(app, session) {
  const more = session.steps.map((one) => one.kind).filter((kind) => !STEPS.includes(kind));
  const network = networkOf(session, app.training.state.chosen);
  return html`<section class="panel training-part" aria-labelledby="training-steps"><h2 id="training-steps">${t("training.steps")}</h2>
    <ol class="training-steps">${[...more, ...STEPS].map((kind) => stepRow(app, session, kind, network))}</ol>
    <div class="new-grid">${networkFields({ prefix: "training", network, onPick: app.training.choose })}${precisionField({ prefix: "training", precision: network.precision, onPick: app.training.choose })}</div>
  </section>`;
}

function controls(app, session) {
  const { busy, id } = app.training.state;
  const { steer } = app.training;
  const name = session.exp_name || id;
  const leave = async () => {
    if (await app.training.remove()) {
      app.toast(t("training.deleted", { name }));
      location.hash = "#/training";
    }
  };
  if (ui.asking === id) {
    return html`<div class="note warn ask" role="alert">${icons.warn}<span>${t("training.delete.ask", { name })}</span>
      <button type="button" class="button small" @click=${() => ask(app, "")}>${t("cancel")}</button>
      <button type="button" class="button small danger" ?disabled=${busy} @click=${leave}>${icons.trash}${t("training.delete.yes")}</button></div>`;
  }
  const again = { paused: "training.resume", error: "training.again", cancelled: "training.again" }[session.state];
  return html`
    ${ACTIVE.has(session.state) ? html`<button type="button" class="button" ?disabled=${busy} @click=${() => steer("pause")}>${icons.pause}${t("training.pause")}</button>` : nothing}
    ${again ? html`<button type="button" class="button primary" ?disabled=${busy} @click=${() => steer("resume")}>${icons.play}${t(again)}</button>` : nothing}
    ${ACTIVE.has(session.state) || session.state === "paused" ? html`<button type="button" class="button" ?disabled=${busy} @click=${() => steer("cancel")}>${icons.stop}${t("training.cancel")}</button>` : nothing}
    ${iconButton({ icon: icons.trash, label: t("training.delete"), onClick: () => ask(app, id), disabled: busy })}`;
}

function ask(app, id) {
  ui.asking = id;
  app.store.touch();
}

function problemsPanel(session) {
  if (!session.problems.length) return nothing;
  return html`<details class="panel training-part"><summary><h2>${t("training.problems")}</h2><span class="badge">${session.problems.length}</span>${icons.down}</summary>
    <ul class="training-problems">${session.problems.map((one) => html`<li><strong>${one.path.split("/").pop()}</strong><small>${(one.code && errorWords(one.code, one.params ?? {})) || one.message}</small></li>`)}</ul>
  </details>`;
}

function logPanel(app, session) {
  const { log } = app.training.state;
  return html`<details class="panel training-part" @toggle=${(event) => event.target.open && log === null && app.training.readLog()}>
    <summary><h2>${t("training.log")}</h2>${icons.down}</summary>
    <pre class="training-log" tabindex="0">${log ?? session.log.join("\n")}</pre>
    <button type="button" class="button small" @click=${() => app.training.readLog()}>${icons.retry}${t("training.log.again")}</button>
  </details>`;
}

function sessionView(app) {
  const { session, sessionError, actionError, id } = app.training.state;
  const listed = session && artefacts(session, "list").at(-1);
  app.labels.open(listed?.path ?? "");
  const back = html`<a class="back" href="#/training">${icons.more}${t("training.back")}</a>`;
  if (!session) return html`${back}${problem(sessionError, { retry: app.training.reload })}${sessionError ? nothing : html`<div class="panel skeleton training-skeleton" aria-busy="true"></div>`}`;
  return html`${back}
    <header class="view-head training-head"><h1>${session.exp_name || id}</h1>${chip(session.state)}<span class="grow"></span>${controls(app, session)}</header>
    ${problem(actionError)}${problem(sessionError)}
    <div class="training-columns">
      ${stepsPanel(app, session)}
      <section class="panel training-part" aria-labelledby="training-curves"><h2 id="training-curves">${t("training.curves")}</h2>${curvesPanel(app)}</section>
    </div>
    <section class="panel training-part" aria-labelledby="training-labels"><h2 id="training-labels">${t("training.labels")}</h2>${labelEditor(app)}</section>
    ${samplesPanel(app)}${listening(app)}${problemsPanel(session)}${logPanel(app, session)}`;
}

export function trainingView(app) {
  return app.store.state.route.id ? sessionView(app) : listView(app);
}
