import { productsOf, type SegmentDetail } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { Lollipop } from '@/components/Lollipop';
import { Notice } from '@/components/Notice';
import { asOfThe, counted, plain } from '@/lib/format';
import type { Place } from '@/place';
import classes from './segment.module.css';

const FEWEST = 25;

/** What they buy more often than others, from 25 buyers on. */
export function Products({ segment, place }: { segment: SegmentDetail; place: Place }) {
  const all = productsOf(segment);
  const shown = all.filter((one) => one.n >= FEWEST);
  const first = shown[0];
  return (
    <section id="products" className={`card ${classes.part}`} aria-label="Products">
      {first ? (
        <ChartFrame
          title={`${first.name}: bought ${plain(first.lift)} times as often as by the rest (${counted(first.n, 'customer')}).`}
          note={
            <>
              Times as often as elsewhere; products with {FEWEST} buyers here or more
              {shown.length < all.length && `, ${all.length - shown.length} more have fewer`}.{' '}
              {asOfThe(place.asOf)}
            </>
          }
          file={`${place.project}-${segment.id}-products`}
          table={{
            columns: ['Product', 'Times as often', 'Customers'],
            rows: shown.map((one) => [one.name, plain(one.lift), one.n]),
          }}
          chart={
            <Lollipop
              rows={shown.map((one) => ({
                label: one.name,
                value: one.lift,
                text: `${plain(one.lift)} × · ${counted(one.n, 'customer')}`,
              }))}
              zero={1}
              write={(x) => `${plain(x)} ×`}
            />
          }
        />
      ) : (
        <>
          <h2 className="section">Products</h2>
          <Notice>
            No product was bought by {FEWEST} or more of these {counted(segment.n, 'customer')} so
            much more often than elsewhere that it says something of them.
          </Notice>
        </>
      )}
    </section>
  );
}
