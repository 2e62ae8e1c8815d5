/** Keys that work everywhere but in a field: Ctrl K, /, g and a page, [ and ] on detail pages. */
import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { navOf } from './nav';
import type { Place } from './place';

const WAIT = 1500;

const inField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest('input, textarea, select, [contenteditable]') !== null;

export function useShortcuts(place: Place, openPalette: () => void): void {
  const router = useRouter();
  useEffect(() => {
    let going = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k' && place.project) {
        event.preventDefault();
        openPalette();
        return;
      }
      if (inField(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '/') {
        const field = document.querySelector<HTMLElement>('[data-search]');
        if (field) event.preventDefault();
        field?.focus();
      } else if (event.key === '[' || event.key === ']') {
        document.querySelector<HTMLElement>(`[data-step="${event.key}"]`)?.click();
      } else if (event.key === 'g') {
        going = Date.now();
      } else if (Date.now() - going < WAIT && place.project) {
        going = 0;
        const pages = navOf(place.live).flatMap((group) => group.pages);
        const page = pages.find((one) => one.key === event.key);
        if (page) router.history.push(place.href([page.id]));
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [place.project, place.live, place.href, openPalette, router]);
}
