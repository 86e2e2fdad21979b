// Which model version is trained, and the rank of its LoRA where it has one.
import { nothing } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import { hasLora, RANKS, VERSIONS } from "../data/training-steps.js";
import { field, select } from "./parts.js";

/** @param {{prefix: string, network: {version: string, rank: number}, onPick: (fields: object) => void}} options */
export function networkFields({ prefix, network, onPick }) {
  const control = (name, value, options, pick) => {
    const id = `${prefix}-${name}`;
    return field({ id, label: t(`training.${name}`), control: select({ id, value, options, onPick: pick }) });
  };
  const ranks = RANKS.map((rank) => ({ value: String(rank), text: rank ? String(rank) : t("training.rank.whole") }));
  return [
    control("version", network.version, VERSIONS.map((value) => ({ value, text: value })), (version) => onPick({ version })),
    hasLora(network.version) ? control("rank", String(network.rank), ranks, (rank) => onPick({ rank: Number(rank) })) : nothing,
  ];
}
