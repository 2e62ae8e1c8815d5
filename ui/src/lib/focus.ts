import { useEffect, useState } from 'react';

/** For a dialog that is there only while it is open: whoever had the focus before gets it back. */
export function useFocusBack(): void {
  const [former] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (former instanceof HTMLElement) former.focus({ preventScroll: true });
    },
    [former],
  );
}
