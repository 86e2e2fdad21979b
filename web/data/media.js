// Pictures and sounds of the service. With an API key an <img> cannot fetch them: then they come as blobs.
import { decode, mono, peaks } from "../lib/audio.js";

const MOST_BLOBS = 300;
const MOST_PEAKS = 800;
const PEAK_BINS = 240;
const AT_ONCE = 2;

const isOwn = (address) => address.startsWith("blob:");

export function createMedia({ api, key, onChange }) {
  const blobs = new Map(); // address -> blob URL, "" while it is on its way
  const shapes = new Map(); // address -> {peaks, seconds} | null while on its way | Error
  const queue = [];
  let running = 0;

  function remember(map, name, value, most, drop = () => {}) {
    map.delete(name);
    map.set(name, value);
    while (map.size > most) {
      const [oldest, old] = map.entries().next().value;
      map.delete(oldest);
      drop(old);
    }
  }

  /** An address for src; "" until it can be had. */
  function source(address) {
    if (!address) return "";
    if (!key()) return api.own(address);
    if (!blobs.has(address)) {
      blobs.set(address, "");
      api
        .blob(address)
        .then((blob) => {
          remember(blobs, address, URL.createObjectURL(blob), MOST_BLOBS, (old) => old && URL.revokeObjectURL(old));
          onChange();
        })
        .catch(() => {});
    }
    return blobs.get(address);
  }

  /** As source, for what must be played now; what this page made itself is there already. */
  async function playable(address) {
    if (isOwn(address)) return address;
    if (!key()) return api.own(address);
    if (!blobs.get(address)) {
      const blob = await api.blob(address);
      remember(blobs, address, URL.createObjectURL(blob), MOST_BLOBS, (old) => old && URL.revokeObjectURL(old));
    }
    return blobs.get(address);
  }

  function next() {
    while (running < AT_ONCE && queue.length) {
      const address = queue.pop(); // what was asked for last is what is being looked at
      running += 1;
      load(address).finally(() => {
        running -= 1;
        next();
      });
    }
  }

  async function load(address) {
    try {
      const buffer = await decode(await api.blob(address), 16000);
      remember(shapes, address, { peaks: peaks(mono(buffer), PEAK_BINS), seconds: buffer.duration }, MOST_PEAKS);
    } catch (error) {
      remember(shapes, address, error, MOST_PEAKS);
    }
    onChange();
  }

  /** The outline of a sound: {peaks, seconds}, or null while it is not known. Asking starts the fetch. */
  function shape(address, fetchIt = true) {
    if (!address || isOwn(address)) return null;
    const known = shapes.get(address);
    if (known === undefined && fetchIt) {
      shapes.set(address, null);
      queue.push(address);
      next();
    }
    return known instanceof Error || !known ? null : known;
  }

  function forget(address) {
    blobs.delete(address);
    shapes.delete(address);
  }

  return { source, playable, shape, forget };
}
