// Which model version is trained, the rank of its LoRA where it has one, and the precision.
import { nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { hasLora, PRECISIONS, RANKS, VERSIONS } from "../data/training-steps.js";
import { field, select } from "./parts.js";

function control({ prefix, name, value, options, pick }) {
  const id = `${prefix}-${name}`;
  return field({ id, label: t(`training.${name}`), control: select({ id, value, options, onPick: pick }) });
}

/** @param {{prefix: string, network: {version: string, rank: number}, onPick: (fields: object) => void}} options */
export function networkFields({ prefix, network, onPick }) {
  const ranks = RANKS.map((rank) => ({ value: String(rank), text: rank ? String(rank) : t("training.rank.whole") }));
  return [
    control({ prefix, name: "version", value: network.version, options: VERSIONS.map((value) => ({ value, text: value })), pick: (version) => onPick({ version }) }),
    hasLora(network.version) ? control({ prefix, name: "rank", value: String(network.rank), options: ranks, pick: (rank) => onPick({ rank: Number(rank) }) }) : nothing,
  ];
}

/** @param {{prefix: string, precision: string, onPick: (fields: object) => void}} options */
export function precisionField({ prefix, precision, onPick }) {
  const options = PRECISIONS.map((value) => ({ value, text: t(`training.precision.${value}`) }));
  return control({ prefix, name: "precision", value: precision, options, pick: (value) => onPick({ precision: value }) });
}
