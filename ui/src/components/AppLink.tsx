import { useRouter } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, MouseEvent } from 'react';

type Props = AnchorHTMLAttributes<HTMLAnchorElement> & { href: string };

const plainClick = (event: MouseEvent) =>
  event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

/** A link inside the application: a real address, opened without loading the page again. */
export function AppLink({ href, onClick, ...rest }: Props) {
  const router = useRouter({ warn: false });
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !router || !plainClick(event)) return;
        event.preventDefault();
        router.history.push(href);
      }}
    />
  );
}
