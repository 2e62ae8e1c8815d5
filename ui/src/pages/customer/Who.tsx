import type { CustomerDetail } from '@/api/customers';
import { SafeText } from '@/components/SafeText';
import classes from './customer.module.css';

/** Where no names are kept there is nothing to be hidden, and nothing is said. */
const NONE = 'Names are not kept in this project.';

/** Who she is, where that is kept encrypted; else why it is not told. */
export function Who({ customer }: { customer: CustomerDetail }) {
  const { identity, identity_reason: reason } = customer;
  if (identity)
    return (
      <dl className={classes.who} aria-label="Who this is">
        {Object.entries(identity).map(([name, text]) => (
          <div key={name}>
            <dt>{name.replaceAll('_', ' ')}</dt>
            <dd>
              <SafeText text={text} max={80} />
            </dd>
          </div>
        ))}
      </dl>
    );
  return reason && reason !== NONE ? <HiddenName why={reason} /> : null;
}

/** What stands where a name would. */
export function HiddenName({ why }: { why: string }) {
  return (
    <p className={`secondary ${classes.unnamed}`}>
      <span aria-hidden="true">●●●●</span> {why}
    </p>
  );
}
