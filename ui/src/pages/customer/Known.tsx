import type { CustomerDetail } from '@/api/customers';
import { useFeatures } from '@/api/segments';
import { Hidden } from '@/components/Hidden';
import { counted, quantity } from '@/lib/format';
import type { Place } from '@/place';
import classes from './customer.module.css';

/** Everything that was measured of the customer. */
export function Known({
  customer,
  place,
  currency,
}: {
  customer: CustomerDetail;
  place: Place;
  currency: string;
}) {
  const features = useFeatures(place.project).data;
  const told = Object.entries(customer.features);
  if (told.length === 0) return null;
  return (
    <details className="card">
      <summary>All that was measured: {counted(told.length, 'feature')}</summary>
      <dl className={classes.known}>
        {told.map(([name, value]) => (
          <div key={name}>
            <dt>{features?.get(name)?.label ?? name}</dt>
            <dd>
              {value === null ? (
                <Hidden reason="unknown" />
              ) : typeof value === 'number' ? (
                quantity(value, features?.get(name)?.unit ?? '', currency)
              ) : (
                String(value)
              )}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
