import { Button } from '@mantine/core';
import { AppLink } from '@/components/AppLink';
import type { Place } from '@/place';

/** From the list to two segments against each other. */
export function ChangeOfView({ place }: { place: Place }) {
  return (
    <Button component={AppLink} variant="default" href={place.href(['segments', 'compare'])}>
      Compare two
    </Button>
  );
}
