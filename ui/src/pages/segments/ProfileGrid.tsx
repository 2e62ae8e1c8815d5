import { useCurrency } from '@/api/projects';
import { type Driver, driversOf, type Segment, useFeatures } from '@/api/segments';
import { AppLink } from '@/components/AppLink';
import { Scrolled } from '@/components/Scrolled';
import { SegmentChip } from '@/components/SegmentChip';
import { Term } from '@/components/Term';
import { chance, placeOf, quantity } from '@/lib/format';
import type { Place } from '@/place';
import classes from './ProfileGrid.module.css';

/** From which effect on a cell is tinted, weakly and strongly. */
const [WEAK, STRONG] = [0.2, 0.6];

function tintOf(effect: number): string | undefined {
  const size = Math.abs(effect);
  if (size < WEAK) return undefined;
  return `${effect < 0 ? 'less' : 'more'}${size < STRONG ? 1 : 2}`;
}

/** Every segment by every feature: the median printed, the tint says how far from the rest. */
export function ProfileGrid({ segments, place }: { segments: Segment[]; place: Place }) {
  const features = useFeatures(place.project).data;
  const currency = useCurrency(place.project, place.run?.run_id);
  const rows = rowsOf(segments);
  return (
    <div className="card">
      <p className="note" style={{ margin: '0 0 16px' }}>
        <Term id="median">Medians</Term> of each segment.{' '}
        <span className={classes.key} data-tint="less2">
          far less
        </span>{' '}
        <span className={classes.key} data-tint="less1">
          less
        </span>{' '}
        <span className={classes.key} data-tint="more1">
          more
        </span>{' '}
        <span className={classes.key} data-tint="more2">
          far more
        </span>{' '}
        than <Term id="rest">the rest</Term>: from 60 and from 80 in 100 on. Of each segment its
        strongest differences are told; “among the weaker” is none of them.
      </p>
      <Scrolled label="Profile grid">
        <table className={classes.grid}>
          <caption className="unseen">Medians of every segment</caption>
          <thead>
            <tr>
              <td />
              {segments.map((one) => (
                <th key={one.id} scope="col">
                  <SegmentChip segment={one} href={place.href(['segments', one.id])} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.feature}>
                <th scope="row">{row.label}</th>
                {segments.map((one) => (
                  <Cell
                    key={one.id}
                    driver={row.of.get(one.id)}
                    unit={features?.get(row.feature)?.unit ?? ''}
                    currency={currency}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
      <p className="note" style={{ margin: '16px 0 0' }}>
        Two of them on one axis:{' '}
        <AppLink className="link" href={place.href(['segments', 'compare'])}>
          compare
        </AppLink>
      </p>
    </div>
  );
}

function Cell({ driver, unit, currency }: { driver?: Driver; unit: string; currency: string }) {
  if (!driver || driver.median === null)
    return <td className={`figures ${classes.none}`}>among the weaker</td>;
  return (
    <td
      className="figures"
      data-tint={tintOf(driver.effect)}
      title={`More than the rest: ${chance(placeOf(driver.effect))}`}
    >
      {quantity(driver.median, unit, currency)}
    </td>
  );
}

interface Row {
  feature: string;
  label: string;
  of: Map<string, Driver>;
}

/** Features in which segments differ, the strongest first. */
function rowsOf(segments: Segment[]): Row[] {
  const rows = new Map<string, Row & { most: number }>();
  for (const segment of segments)
    for (const driver of driversOf(segment)) {
      const row = rows.get(driver.feature) ?? {
        feature: driver.feature,
        label: driver.label,
        of: new Map<string, Driver>(),
        most: 0,
      };
      row.of.set(segment.id, driver);
      row.most += Math.abs(driver.effect);
      rows.set(driver.feature, row);
    }
  return [...rows.values()].sort((a, b) => b.most - a.most);
}
