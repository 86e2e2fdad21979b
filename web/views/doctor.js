// The reference doctor: what was measured in a clip, and what is wrong with it.
import { html, nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { icons } from "./icons.js";

/** The reference doctor's figures and warnings, null for voices that were never looked at. */
export function verdict(voice) {
  return voice?.reference_report ?? null;
}

export function warningsOf(report, language) {
  return (report?.warnings ?? []).map((one) => one[language] ?? one.en);
}

const checks = (rows) => html`<ul class="checks">${rows.map((row) => html`<li class=${row.good ? "good" : "warn"}>${row.good ? icons.check : icons.warn}<span>${row.words}</span></li>`)}</ul>`;

/** The verdict on a stored clip: its warnings, or that there is nothing to say against it. */
export function doctorLine(app, report) {
  if (!report) return nothing;
  const warnings = warningsOf(report, app.language());
  return checks(warnings.length ? warnings.map((words) => ({ words })) : [{ good: true, words: t("doctor.good") }]);
}

export function doctorFacts(report) {
  if (!report) return nothing;
  const rows = [
    ["doctor.seconds", report.seconds, (value) => `${value.toFixed(1)} s`],
    ["doctor.rms", report.rms_dbfs, (value) => `${value.toFixed(0)} dBFS`],
    ["doctor.snr.name", report.snr_db, (value) => `${value.toFixed(0)} dB`],
    ["doctor.rate", report.rate, (value) => `${value} Hz`],
  ];
  return html`<dl class="facts">
    ${rows.filter(([, value]) => typeof value === "number").map(([key, value, show]) => html`<div><dt>${t(key)}</dt><dd>${show(value)}</dd></div>`)}
  </dl>`;
}

/** What this page measures by itself, before anything is sent. */
export function measurements(report) {
  if (!report) return nothing;
  return checks([
    { good: !report.silent && report.level > -36, words: t(report.silent ? "doctor.silent" : report.level > -36 ? "doctor.level" : "doctor.quiet", { level: report.level.toFixed(0) }) },
    { good: report.clipping < 0.0002, words: t(report.clipping < 0.0002 ? "doctor.clean" : "doctor.clipped", { share: (report.clipping * 100).toFixed(2) }) },
    ...(report.snr === null ? [] : [{ good: report.snr >= 15, words: t(report.snr >= 15 ? "doctor.snr" : "doctor.noisy", { snr: report.snr.toFixed(0) }) }]),
  ]);
}
