// Drawn for this page on a grid of 24, in the colour of the text around them.
import { html, svg } from "../lib/html.js";

const icon = (body) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${body}</svg>`;

export const icons = {
  studio: icon(svg`<path d="M4 10v4M8 6v12M12 3v18M16 7v10M20 10v4"/>`),
  voices: icon(svg`<circle cx="9" cy="8" r="4"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.6a4 4 0 0 1 0 6.8M18.5 14.6a6.5 6.5 0 0 1 3 5.4"/>`),
  weights: icon(svg`<path d="M12 3l9 4.8-9 4.8-9-4.8zM3 12.3l9 4.8 9-4.8M3 16.6l9 4.4 9-4.4"/>`),
  settings: icon(svg`<path d="M4 7h9M19 7h1M4 17h1M11 17h9"/><circle cx="16" cy="7" r="2.6"/><circle cx="8" cy="17" r="2.6"/>`),
  play: icon(svg`<path class="solid" d="M8 5.2v13.6a.8.8 0 0 0 1.2.7l10.6-6.8a.8.8 0 0 0 0-1.4L9.2 4.5a.8.8 0 0 0-1.2.7z"/>`),
  pause: icon(svg`<path class="solid" d="M7 5h3.4v14H7zM13.6 5H17v14h-3.4z"/>`),
  download: icon(svg`<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14"/>`),
  retry: icon(svg`<path d="M20 11a8 8 0 1 0-2.3 6M20 5v6h-6"/>`),
  stop: icon(svg`<circle cx="12" cy="12" r="8.5"/><path d="M9 9l6 6M15 9l-6 6"/>`),
  trash: icon(svg`<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5"/>`),
  more: icon(svg`<path d="M9 6l6 6-6 6"/>`),
  down: icon(svg`<path d="M6 9.5l6 6 6-6"/>`),
  close: icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
  plus: icon(svg`<path d="M12 5v14M5 12h14"/>`),
  search: icon(svg`<circle cx="11" cy="11" r="6.5"/><path d="M16 16l4.5 4.5"/>`),
  mic: icon(svg`<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>`),
  upload: icon(svg`<path d="M12 16V5M7.5 9.5L12 5l4.5 4.5M5 20h14"/>`),
  edit: icon(svg`<path d="M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19zM14.5 6.5l3 3"/>`),
  cards: icon(svg`<rect x="4" y="4" width="7" height="7" rx="1.5"/><rect x="13" y="4" width="7" height="7" rx="1.5"/><rect x="4" y="13" width="7" height="7" rx="1.5"/><rect x="13" y="13" width="7" height="7" rx="1.5"/>`),
  table: icon(svg`<path d="M4 6h16M4 12h16M4 18h16"/>`),
  check: icon(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`),
  warn: icon(svg`<path d="M12 4l9 16H3zM12 10v4.5M12 17.2v.3"/>`),
  copy: icon(svg`<rect x="8.5" y="8.5" width="11" height="11" rx="2"/><path d="M15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2"/>`),
  tag: icon(svg`<path d="M4 4h8l8 8-8 8-8-8z"/><path d="M8.2 8.2v.1"/>`),
  keyboard: icon(svg`<rect x="3" y="6" width="18" height="12" rx="2"/><path d="M7 10h.1M11 10h.1M15 10h.1M8 14h8"/>`),
  spark: icon(svg`<path d="M12 3l1.9 5.6L19.5 10.5l-5.6 1.9L12 18l-1.9-5.6L4.5 10.5l5.6-1.9zM19 16.5v4M17 18.5h4"/>`),
  merge: icon(svg`<path d="M6 4v5a3 3 0 0 0 3 3h9M6 20v-5a3 3 0 0 1 3-3M15 8.5l3.5 3.5-3.5 3.5"/>`),
  training: icon(svg`<path d="M4 19V5M4 19h16M7.5 8c3 0 3.5 7 6.5 7s2.5-2 6-2"/>`),
  scissors: icon(svg`<circle cx="6.5" cy="7" r="2.5"/><circle cx="6.5" cy="17" r="2.5"/><path d="M8.6 8.4L20 17M8.6 15.6L20 7"/>`),
};
