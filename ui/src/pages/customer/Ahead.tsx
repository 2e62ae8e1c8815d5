import { type CustomerDetail, useAhead } from '@/api/customers';
import { Figure } from '@/components/Figure';
import { LoadState } from '@/components/LoadState';
import { NotMade } from '@/components/NotMade';
import { chance, counted, estimate, plain, range } from '@/lib/format';
import type { Place } from '@/place';
import classes from './customer.module.css';

/** What the customer is expected to do, with ranges. */
export function Ahead({ customer, place }: { customer: CustomerDetail; place: Place }) {
  const query = useAhead(place.project, customer.customer_id);
  return (
    <section className="card" aria-labelledby="ahead">
      <h2 id="ahead" className="section">
        What comes next
      </h2>
      <LoadState
        query={query}
        what="What comes next"
        notReady={(error) => (
          <NotMade error={error} project={place.project} kind="value" verb="Work it out" />
        )}
      >
        {(data) => {
          const money = (x: number) => estimate(x, data.currency);
          return (
            <div className={classes.pair}>
              <Figure
                label={`Forecast of spend within ${counted(data.horizon_days, 'day')}`}
                about
                value={data.spend == null ? null : money(data.spend)}
                range={
                  data.spend_low == null || data.spend_high == null
                    ? undefined
                    : range(data.spend_low, data.spend_high, money)
                }
                help={data.spend_reason ?? besides(data.orders, customer.value, money)}
                asOf={customer.as_of}
              />
              <Figure
                label="Leaves"
                value={data.churn == null ? null : chance(data.churn)}
                help={`Most likely segment then: ${data.next_segment_name ?? 'not known'}`}
              />
            </div>
          );
        }}
      </LoadState>
    </section>
  );
}

/** What stands beside the forecast: orders, and what the list of customers says by its formula. */
function besides(
  orders: number | null | undefined,
  formula: number | null | undefined,
  money: (x: number) => string,
): string {
  const told = [
    orders != null && `about ${plain(Number(orders.toPrecision(2)))} orders`,
    formula != null && `by formula, as in lists: about ${money(formula)}`,
  ];
  return told.filter(Boolean).join('; ');
}
