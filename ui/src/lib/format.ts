/**
 * How numbers, money, dates and ranges are written. The server computes; this only writes.
 * An English-speaking reader sees "9 Dec 2011" wherever they are; others see their own order.
 */

const MINUS = '−';
const DASH = '–';
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

let locale = typeof navigator === 'undefined' ? 'en-GB' : navigator.language || 'en-GB';

export function setLocale(wanted: string): void {
  locale = wanted;
}

function digits(x: number, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(locale, options).format(x).replace('-', MINUS);
}

const fixed = (x: number, places: number) =>
  digits(x, { minimumFractionDigits: places, maximumFractionDigits: places });

const figures = (x: number, n: number) => digits(x, { maximumSignificantDigits: n });

/** What stands for a number that would tell of a few customers. */
const HIDDEN = 'hidden';

/** 4,334; null is a number that is hidden. */
export const count = (n: number | null): string => (n === null ? HIDDEN : digits(Math.round(n)));

/** Money that the server writes without its currency, such as 168,469.60, with it. */
export const moneyIn = (text: string, currency: string): string =>
  text.replace(/[-−]?\d[\d,]*\.\d\d(?!\d)/g, (told) =>
    money(Number(told.replace('−', '-').replaceAll(',', '')), currency, true),
  );

/** A sum; null if a hidden number is in it. */
export const totalOf = (numbers: (number | null)[]): number | null =>
  numbers.some((n) => n === null) ? null : numbers.reduce<number>((sum, n) => sum + (n ?? 0), 0);

/** "1 customer", "4,334 customers" */
export function counted(n: number | null, one: string, many = `${one}s`): string {
  if (n === null) return `a ${HIDDEN} number of ${many}`;
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** 4.3 k, for labels in charts. */
export function short(n: number): string {
  const size = Math.abs(n);
  if (size >= 1e9) return `${figures(n / 1e9, 3)} bn`;
  if (size >= 1e6) return `${figures(n / 1e6, 3)} M`;
  if (size >= 1e3) return `${figures(n / 1e3, 2)} k`;
  return figures(n, 3);
}

/** +61, −70, 0: a change with its sign. */
export function change(n: number): string {
  return n > 0 ? `+${count(n)}` : count(n);
}

/** A share in a table: 1.2%; among fewer than 1,000 only small ones have a decimal. */
export function share(x: number | null, n = Number.POSITIVE_INFINITY): string {
  if (x === null) return HIDDEN;
  if (x === 0) return '0%';
  return `${fixed(x * 100, n >= 1000 || Math.abs(x) < 0.1 ? 1 : 0)}%`;
}

/** A share in a sentence: 32%, 1.2%. */
export const shareInWords = (x: number | null): string => share(x, 0);

/** A share at an axis: 5%, 20%. */
export const axisShare = (x: number): string => `${figures(x * 100, 3)}%`;

/** A change of a share: "+3 points". */
export function points(x: number): string {
  const told = Math.round(x * 100);
  return `${change(told)} ${Math.abs(told) === 1 ? 'point' : 'points'}`;
}

/** Of 100, as proofs are told: 92. */
export const ofHundred = (x: number): string => count(x * 100);

/** A chance: "51 in 100". */
export function chance(p: number): string {
  if (p < 0.01) return 'fewer than 1 in 100';
  if (p > 0.99) return 'more than 99 in 100';
  return `${Math.round(p * 100)} in 100`;
}

function inMoney(x: number, currency: string, options: Intl.NumberFormatOptions): string {
  if (!currency) return digits(x, options);
  const told = {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    ...options,
  } as const;
  return new Intl.NumberFormat(locale, told).format(x).replace('-', MINUS);
}

/** Money in lists: exact to the unit; pence under 10, or always with `pence` (one order). */
export function money(x: number, currency: string, pence = Math.abs(x) < 10 && x !== 0): string {
  const places = pence ? 2 : 0;
  return inMoney(x, currency, { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** Large money with three figures: £8.31 M. */
export function largeMoney(x: number, currency: string): string {
  if (Math.abs(x) < 1e6) return money(x, currency);
  const [by, word] = Math.abs(x) >= 1e9 ? [1e9, 'bn'] : [1e6, 'M'];
  const rest = { maximumSignificantDigits: 3, minimumSignificantDigits: 3 };
  return `${inMoney(x / by, currency, rest)} ${word}`;
}

/** Estimated money with two figures: £890, £59,000. "about" is for the sentence around it. */
export function estimate(x: number, currency: string): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(x) || 1)) - 1);
  const rounded = Math.round(x / step) * step;
  return inMoney(rounded, currency, { maximumFractionDigits: rounded < 1 ? 2 : 0 });
}

/** A range with its unit once: 23–40%, £4,300–£5,800. */
export function range(low: number, high: number, write: (x: number) => string): string {
  const [from, to] = [write(low), write(high)];
  return `${from.endsWith('%') ? from.slice(0, -1) : from}${DASH}${to}`;
}

/** Any measured number: whole if whole, else three figures. */
export function plain(x: number): string {
  if (Number.isInteger(x) || Math.abs(x) >= 1000) return count(x);
  return figures(x, 3);
}

const UNITS: Record<string, [one: string, many: string]> = {
  months: ['month', 'months'],
};

/** A measured value with its unit, as features have it: "9 days", "£4,310", "12%". */
export function quantity(x: number, unit: string, currency = ''): string {
  if (unit === 'money' || (currency && unit === currency)) return money(x, currency);
  if (unit === 'share') return shareInWords(x);
  if (unit === 'times') return `${figures(x, 2)} times`;
  if (unit === 'a day') return `${figures(x, 2)} a day`;
  // The label says what is counted.
  if (unit === 'order days') return plain(x);
  if (unit === 'days') return x === 1 ? '1 day' : `${x < 10 ? plain(x) : count(x)} days`;
  const words = UNITS[unit];
  if (words) return `${plain(x)} ${Math.abs(x) === 1 ? words[0] : words[1]}`;
  return unit ? `${plain(x)} ${unit}` : plain(x);
}

type Day = { year: number; month: number; day: number };

function dayOf(iso: string): Day {
  const [year = 1970, month = 1, day = 1] = iso.slice(0, 10).split('-').map(Number);
  return { year, month, day };
}

/** 9 Dec 2011, of an ISO date or the date part of a time. */
export function date(iso: string): string {
  const { year, month, day } = dayOf(iso);
  if (locale.startsWith('en')) return `${day} ${MONTHS[month - 1]} ${year}`;
  const moment = new Date(Date.UTC(year, month - 1, day));
  return moment.toLocaleDateString(locale, { dateStyle: 'medium', timeZone: 'UTC' });
}

/** The day before, which people read where the API says `as_of` (rows before that day). */
export function eve(asOf: string): string {
  const { year, month, day } = dayOf(asOf);
  return new Date(Date.UTC(year, month - 1, day - 1)).toISOString().slice(0, 10);
}

/** "end of 9 Dec 2011", for an `as_of` of 2011-12-10. */
export const endOf = (asOf: string): string => `end of ${date(eve(asOf))}`;

/** The same as a sentence begins: "As of the end of 9 Dec 2011." Nothing where there are no dates. */
export const asOfThe = (asOf: string | null | undefined): string =>
  asOf ? `As of the ${endOf(asOf)}.` : '';

/** 11 Sep – 9 Dec 2011 */
export function span(from: string, to: string): string {
  const [a, b] = [dayOf(from), dayOf(to)];
  const first = locale.startsWith('en') && a.year === b.year ? date(from).slice(0, -5) : date(from);
  return `${first} ${DASH} ${date(to)}`;
}

/** 14:02 on the reader's clock. */
export function clock(time: string | number | Date): string {
  return new Date(time).toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
}

/** 14:02:07 on the reader's clock. */
export function clockSeconds(time: string): string {
  const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  return new Date(time).toLocaleTimeString(locale, parts);
}

/** A moment with its zone, for a tooltip. */
export function moment(time: string): string {
  return `${date(time)}, ${new Date(time).toLocaleTimeString(locale, { timeStyle: 'long' })}`;
}

/** 41 s, 3 min, 5 h, 26 days: the largest whole unit that stays exact enough. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return counted(Math.round(seconds / 86400), 'day');
}

/** "2 h ago", for freshness alone. */
export const ago = (time: string, now: number): string =>
  `${duration(Math.max(0, (now - new Date(time).getTime()) / 1000))} ago`;

/** 1.4 MB */
export function bytes(n: number): string {
  if (n < 1000) return `${n} bytes`;
  return n < 1e6 ? `${figures(n / 1e3, 2)} kB` : `${figures(n / 1e6, 2)} MB`;
}

/** How much of the others lies below: an effect of −1 to 1 as "94 in 100". */
export const placeOf = (effect: number): number => (effect + 1) / 2;
