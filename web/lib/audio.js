// Sound in the browser: decode, measure, trim, encode.

/** Samples per second that a WAV file states, null for other files. */
export function statedRate(bytes) {
  const view = new DataView(bytes);
  const name = (at) => (at + 4 <= view.byteLength ? String.fromCharCode(...new Uint8Array(bytes, at, 4)) : "");
  if (name(0) !== "RIFF" || name(8) !== "WAVE") return null;
  for (let at = 12; at + 16 <= view.byteLength; at += 8 + view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) % 2)) {
    if (name(at) === "fmt ") return view.getUint32(at + 12, true);
  }
  return null;
}

/** Decode any format the browser knows, a WAV file at its own rate. @returns {Promise<AudioBuffer>} */
export async function decode(blob, otherwise = 48000) {
  const bytes = await blob.arrayBuffer();
  const stated = statedRate(bytes);
  const rate = stated >= 8000 && stated <= 96000 ? stated : otherwise;
  const context = new OfflineAudioContext(1, 1, rate);
  return context.decodeAudioData(bytes);
}

/** Mix to one channel. @returns {Float32Array} */
export function mono(buffer) {
  if (buffer.numberOfChannels === 1) return buffer.getChannelData(0);
  const mixed = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const data = buffer.getChannelData(channel);
    for (let i = 0; i < mixed.length; i += 1) mixed[i] += data[i] / buffer.numberOfChannels;
  }
  return mixed;
}

/** The loudest sample of each of `bins` stretches. @returns {Float32Array} values 0..1 */
export function peaks(samples, bins) {
  const found = new Float32Array(bins);
  const size = samples.length / bins;
  for (let bin = 0; bin < bins; bin += 1) {
    const from = Math.floor(bin * size);
    const to = Math.min(samples.length, Math.max(from + 1, Math.floor((bin + 1) * size)));
    // A few hundred samples per bin draw the same picture as all of them.
    const step = Math.max(1, Math.floor((to - from) / 400));
    let top = 0;
    for (let i = from; i < to; i += step) top = Math.max(top, Math.abs(samples[i]));
    found[bin] = Math.min(1, top);
  }
  return found;
}

/** 16-bit PCM WAV of one channel. @returns {Blob} */
export function encodeWav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const write = (at, text) => [...text].forEach((char, i) => view.setUint8(at + i, char.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, 36 + samples.length * 2, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, samples.length * 2, true);
  for (let i = 0; i < samples.length; i += 1) {
    const value = Math.max(-1, Math.min(1, samples[i]));
    view.setInt16(44 + i * 2, Math.round(value < 0 ? value * 0x8000 : value * 0x7fff), true);
  }
  return new Blob([view.buffer], { type: "audio/wav" });
}

export const SHORTEST = 3;
export const LONGEST = 10;

/** The loudest stretch of a length that a reference may have, so that the first proposal is rarely wrong. */
export function proposeSelection(samples, rate) {
  const duration = samples.length / rate;
  if (duration <= LONGEST) return { from: 0, to: duration };
  const window = Math.floor(8 * rate);
  const hop = Math.floor(rate / 4);
  let best = 0;
  let bestEnergy = -1;
  for (let at = 0; at + window <= samples.length; at += hop) {
    let energy = 0;
    for (let i = at; i < at + window; i += 64) energy += Math.abs(samples[i]);
    if (energy > bestEnergy * 1.02) {
      bestEnergy = energy;
      best = at;
    }
  }
  return { from: best / rate, to: best / rate + 8 };
}

/**
 * Quick measurements before the upload; the service's own verdict decides.
 * @returns {{seconds: number, level: number, clipping: number, snr: number | null, silent: boolean}} level in dBFS (RMS),
 *   clipping as a share of samples, snr in dB
 */
export function measure(samples, rate) {
  const frame = Math.max(1, Math.floor(rate * 0.02));
  const energies = [];
  let total = 0;
  let clipped = 0;
  for (let at = 0; at + frame <= samples.length; at += frame) {
    let sum = 0;
    for (let i = at; i < at + frame; i += 1) {
      sum += samples[i] * samples[i];
      if (Math.abs(samples[i]) >= 0.999) clipped += 1;
    }
    energies.push(sum / frame);
    total += sum;
  }
  const mean = energies.length ? total / (energies.length * frame) : 0;
  const decibel = (power) => 10 * Math.log10(Math.max(power, 1e-10));
  energies.sort((a, b) => a - b);
  const at = (share) => energies[Math.min(energies.length - 1, Math.floor(share * energies.length))];
  const snr = energies.length >= 10 ? decibel(at(0.9)) - decibel(at(0.1)) : null;
  return {
    seconds: samples.length / rate,
    level: decibel(mean),
    clipping: samples.length ? clipped / samples.length : 0,
    snr,
    silent: decibel(mean) < -55,
  };
}
