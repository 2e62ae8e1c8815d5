/** Positions on an axis, and round numbers to label it with. */

export interface Scale {
  (value: number): number;
  ticks: number[];
}

/** Round values within [low, high], about n of them. */
export function ticksOf(low: number, high: number, n = 5): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const rough = span / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((by) => by * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

/** A linear scale from [low, high] onto [from, to]. */
export function linear(low: number, high: number, from: number, to: number, n = 5): Scale {
  const span = high - low || 1;
  const scale = (value: number) => from + ((value - low) / span) * (to - from);
  return Object.assign(scale, { ticks: ticksOf(low, high, n) });
}
