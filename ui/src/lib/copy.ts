import { announce } from '@/components/announce';

/** Put a text on the clipboard, and say so. */
export function copyText(text: string): boolean {
  navigator.clipboard?.writeText(text).catch(() => undefined);
  announce('Copied.');
  return true;
}
