import type { Customer } from '@/api/customers';
import type { Column } from '@/components/DataTable';
import { Hidden } from '@/components/Hidden';
import { SafeText } from '@/components/SafeText';
import { SegmentChip } from '@/components/SegmentChip';
import { Term } from '@/components/Term';
import { count, estimate, money, ofHundred, quantity } from '@/lib/format';
import type { Place } from '@/place';

const NOBODY = 'none';

const nothing = (why: string) => <Hidden reason="unknown" why={why} />;

/** The columns of any list of customers; those of orders only where there are orders. */
export function customerColumns(
  place: Place,
  currency: string,
  { segment = true } = {},
): Column<Customer>[] {
  const columns: Column<Customer>[] = [
    {
      id: 'customer_id',
      header: 'Id',
      sortable: true,
      phone: true,
      cell: (one) => <SafeText text={one.customer_id} max={40} />,
    },
  ];
  if (segment)
    columns.push({
      id: 'segment',
      header: 'Segment',
      phone: true,
      cell: (one) => <SegmentChip segment={chipOf(one)} />,
    });
  columns.push({
    id: 'margin',
    header: <Term id="fit" />,
    sortable: false,
    cell: (one) => <Fit customer={one} />,
  });
  return place.asOf ? [...columns, ...ofOrders(currency)] : columns;
}

export const chipOf = (one: Customer) => ({
  id: one.segment_id,
  name: one.segment_name ?? (one.segment_id === NOBODY ? 'In no segment' : one.segment_id),
  slot: one.slot ?? null,
});

function Fit({ customer }: { customer: Customer }) {
  if (customer.margin == null) return nothing('In no segment, so nothing is near or far.');
  return (
    <>
      {ofHundred(customer.margin)} of 100
      {customer.second_name && (
        <>
          , <span className="secondary next">next {customer.second_name}</span>
        </>
      )}
    </>
  );
}

function ofOrders(currency: string): Column<Customer>[] {
  const none = () => nothing('No order counts for this customer.');
  return [
    {
      id: 'recency',
      header: 'Last order',
      figure: true,
      sortable: true,
      cell: (one) => (one.recency == null ? none() : `${quantity(one.recency, 'days')} ago`),
    },
    {
      id: 'frequency',
      header: 'Orders',
      figure: true,
      sortable: true,
      cell: (one) => (one.frequency == null ? none() : count(one.frequency)),
    },
    {
      id: 'monetary',
      header: 'Spend',
      figure: true,
      sortable: true,
      phone: true,
      cell: (one) => (one.monetary == null ? none() : money(one.monetary, currency)),
    },
    {
      id: 'value',
      header: (
        <span>
          Expected, <br className="wide-only" />
          by formula
        </span>
      ),
      figure: true,
      sortable: true,
      cell: (one) =>
        one.value == null
          ? nothing('No model of spend, or no orders.')
          : `about ${estimate(one.value, currency)}`,
    },
  ];
}
