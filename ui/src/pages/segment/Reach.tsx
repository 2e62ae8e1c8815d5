import { Slider } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '@/api/client';
import { count, counted } from '@/lib/format';
import classes from './segment.module.css';

/** How many of those who would leave are reached, the likeliest first; the server counted them. */
export function ReachSlider({ reach, days }: { reach: Schemas['Reach']; days: number }) {
  const last = reach.n.length - 1;
  const [at, setAt] = useState(Math.round(last / 4));
  const of = (column: number[]) => Math.round(column[at] ?? 0);
  const n = of(reach.n);
  const leave = of(reach.leave);
  const said = `Write to the ${count(n)} likeliest to leave: about ${count(leave)} would have (${count(of(reach.low))}–${count(of(reach.high))}), ${count(n - leave)} would have ordered anyway. At random: ${count(of(reach.random))}.`;
  if (last < 1) return null;
  return (
    <section className={classes.reach} aria-labelledby="reach">
      <h3 id="reach" className="section">
        How many to write to, if some would leave?
      </h3>
      <Slider
        min={0}
        max={last}
        value={at}
        onChange={setAt}
        label={null}
        thumbLabel="Customers who are written to"
        thumbProps={{ 'aria-valuetext': counted(n, 'customer') }}
      />
      <p role="status">{said}</p>
      <p className="note">
        To leave is to order nothing within {counted(days, 'day')}. The range is of chance alone: it
        takes the forecast of each customer as right.
      </p>
    </section>
  );
}
