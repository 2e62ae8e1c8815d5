import { type CustomerDetail, useProducts } from '@/api/customers';
import { LoadState } from '@/components/LoadState';
import { NotMade } from '@/components/NotMade';
import { SafeText } from '@/components/SafeText';
import type { Place } from '@/place';
import classes from './customer.module.css';

interface Product {
  product_id: string;
  product_name: string | null;
  track: 'again' | 'new';
  reason: string;
}

const MOST = 4;

/** Products to buy again, and products that are new to the customer, each with its reason. */
export function Products({ customer, place }: { customer: CustomerDetail; place: Place }) {
  const query = useProducts(place.project, customer.customer_id);
  return (
    <section className="card" aria-labelledby="products">
      <h2 id="products" className="section">
        Products
      </h2>
      <LoadState
        query={query}
        what="Products"
        isEmpty={(data) => data.items.length === 0}
        empty={<p className="secondary">{query.data?.note || 'There is no product to show.'}</p>}
        notReady={(error) => (
          <NotMade error={error} project={place.project} kind="products" verb="Work them out" />
        )}
      >
        {(data) => {
          const items = data.items as unknown as Product[];
          return (
            <>
              <Half title="Buys again" items={items.filter((one) => one.track === 'again')} />
              <Half title="New to them" items={items.filter((one) => one.track === 'new')} />
              {data.note && <p className="note">{data.note}</p>}
            </>
          );
        }}
      </LoadState>
    </section>
  );
}

function Half({ title, items }: { title: string; items: Product[] }) {
  if (items.length === 0) return null;
  return (
    <div className={classes.half}>
      <h3>{title}</h3>
      <ul className={classes.products}>
        {items.slice(0, MOST).map((one) => (
          <li key={one.product_id}>
            <SafeText text={one.product_name ?? one.product_id} />
            <span className="note">{one.reason}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
