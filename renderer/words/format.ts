/** Formats numbers: units after a thin space, fixed decimals so that nothing jumps, thousands in groups. */
export const THIN = '\u2009';
const MINUS = '\u2212';

export function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `${MINUS}${text}` : text;
}

export function withUnit(value: number | undefined, decimals: number, unit: string): string {
  return value === undefined || !Number.isFinite(value) ? `–${THIN}${unit}` : `${fixed(value, decimals)}${THIN}${unit}`;
}

/** Returns "12 340" for 12340. */
export function grouped(value: number): string {
  return Math.trunc(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

export function percent(fraction: number | undefined): string {
  return fraction === undefined ? `–${THIN}%` : `${Math.round(fraction * 100)}${THIN}%`;
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let index = 0;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index++;
  }
  return withUnit(value, index > 1 && value < 100 ? 1 : 0, units[index] ?? 'B');
}

/** Returns "1 min 15 s" for 75, and "1 h 06 min" for 4000. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}${THIN}s`;
  const two = (value: number) => value.toString().padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}${THIN}min ${two(whole % 60)}${THIN}s`;
  return `${Math.floor(whole / 3600)}${THIN}h ${two(Math.floor((whole % 3600) / 60))}${THIN}min`;
}

/** Returns the hours and minutes of the day of a Unix time. */
export function clockTime(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** Share of real time below which the rate of a simulated clock is shown. */
const FULL_RATE = 0.95;

/** Returns for example "0.6× real time". `undefined` at full speed, and on a real robot, which sends no rate. */
export function rateInWords(realTimeFactor: number | undefined): string | undefined {
  if (realTimeFactor === undefined || realTimeFactor >= FULL_RATE) return undefined;
  return `${fixed(realTimeFactor, 1)}× real time`;
}
