/** Where somebody new would belong: one person by a form, or a file of people. */
import { SegmentedControl } from '@mantine/core';
import { useForm } from '@/api/predict';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { Lines } from '@/components/Waiting';
import { usePlace, useSetSearch } from '@/place';
import { AFile } from './AFile';
import { OnePerson } from './OnePerson';

const WAYS = [
  { value: 'one', label: 'One person' },
  { value: 'file', label: 'A file' },
];

export default function Predict() {
  const place = usePlace();
  const query = useForm(place.project);
  const setSearch = useSetSearch();
  const way = place.search.way === 'file' ? 'file' : 'one';
  return (
    <>
      <PageHeader
        title="Predict"
        place={place.name}
        sentence="Say what is known of somebody who is no customer yet, and see which segment is nearest."
        actions={
          <SegmentedControl
            aria-label="How many"
            data={WAYS}
            value={way}
            onChange={(next) => setSearch({ way: next === 'one' ? undefined : next })}
          />
        }
      />
      <LoadState
        query={query}
        what="The form"
        skeleton={<Lines n={8} height={40} />}
        notReady={(error) => (
          <Notice>
            <p>
              {error.message} A form is made of a table of customers with one row each: add such a
              file in a new run.
            </p>
          </Notice>
        )}
      >
        {(form) =>
          way === 'file' ? <AFile place={place} /> : <OnePerson form={form} place={place} />
        }
      </LoadState>
    </>
  );
}
