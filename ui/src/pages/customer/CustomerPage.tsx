/** One customer: which segment and how surely, what happened, why, and what would change it. */
import { useParams } from '@tanstack/react-router';
import { type CustomerDetail, useCustomer } from '@/api/customers';
import { useCurrency } from '@/api/projects';
import { useLiveCustomer } from '@/api/stream';
import { AppLink } from '@/components/AppLink';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { SafeText } from '@/components/SafeText';
import { SegmentChip } from '@/components/SegmentChip';
import { Lines } from '@/components/Waiting';
import { asOfThe, ofHundred } from '@/lib/format';
import { chipOf } from '@/pages/customers/columns';
import { type Place, usePlace } from '@/place';
import { Ahead } from './Ahead';
import classes from './customer.module.css';
import { Known } from './Known';
import { Life } from './Life';
import { Now } from './Now';
import { Offers } from './Offers';
import { Products } from './Products';
import { Supposing } from './Supposing';
import { HiddenName, Who } from './Who';
import { Why } from './Why';

export default function CustomerPage() {
  const { customer: id = '' } = useParams({ strict: false }) as { customer?: string };
  const place = usePlace();
  const query = useCustomer(place.project, id);
  return (
    <LoadState
      query={query}
      what="The customer"
      head={
        <PageHeader
          title={id}
          heading={<SafeText text={id} max={80} />}
          place={place.name}
          crumbs={[{ label: 'Customers', href: place.href(['customers']) }]}
        />
      }
      skeleton={<Lines n={10} height={28} />}
      gone={() => <Unknown id={id} place={place} />}
      refused={() => <HiddenName why="Names need the role Analyst. Ask an admin." />}
    >
      {(customer) => <Shown key={customer.customer_id} customer={customer} place={place} />}
    </LoadState>
  );
}

/** Nobody the run knows: perhaps she came since. */
function Unknown({ id, place }: { id: string; place: Place }) {
  const came = useLiveCustomer(place.project, place.live ? id : '').data;
  const crumbs = [{ label: 'Customers', href: place.href(['customers']) }];
  if (came)
    return (
      <>
        <PageHeader
          title={id}
          heading={<SafeText text={id} max={80} />}
          place={place.name}
          crumbs={crumbs}
          sentence="She came after the last run; the next one describes her."
        />
        <Now customer={id} place={place} />
      </>
    );
  return (
    <>
      <PageHeader title="No such customer" place={place.name} crumbs={crumbs} />
      <Notice>
        No customer has the id {id.slice(0, 80)}.{' '}
        <AppLink className="link" href={place.href(['customers'], { q: id.slice(0, 2) })}>
          See ids that begin with {id.slice(0, 2)}
        </AppLink>
      </Notice>
    </>
  );
}

function Shown({ customer, place }: { customer: CustomerDetail; place: Place }) {
  const currency = useCurrency(place.project, customer.run_id);
  const placed = customer.segment_name != null;
  const dated = customer.as_of != null;
  return (
    <>
      <PageHeader
        title={customer.customer_id}
        heading={<SafeText text={customer.customer_id} max={80} />}
        place={place.name}
        crumbs={[{ label: 'Customers', href: place.href(['customers']) }]}
        actions={
          placed && (
            <SegmentChip
              segment={chipOf(customer)}
              href={place.href(['segments', customer.segment_id])}
              size="lg"
            />
          )
        }
        sentence={sentenceOf(customer)}
      />
      <Who customer={customer} />
      {place.live && <Now customer={customer.customer_id} place={place} />}
      {dated && <Life customer={customer} place={place} currency={currency} />}
      <div className={classes.two}>
        <div>
          {placed && <Why customer={customer} place={place} />}
          {dated && <Ahead customer={customer} place={place} />}
          {dated && <Offers customer={customer} place={place} />}
        </div>
        <div>
          {placed && <Supposing customer={customer} place={place} currency={currency} />}
          {dated && <Products customer={customer} place={place} />}
        </div>
      </div>
      <Known customer={customer} place={place} currency={currency} />
    </>
  );
}

function sentenceOf(customer: CustomerDetail): string {
  const { segment_name: name, second_name: second, margin } = customer;
  if (!name)
    return `In no segment: ${customer.status.replaceAll('_', ' ')}. ${asOfThe(customer.as_of)}`;
  const near = second && margin != null ? `; ${ofHundred(margin)} of 100 clear of ${second}` : '';
  return `In ${name}${near}. ${asOfThe(customer.as_of)}`;
}
