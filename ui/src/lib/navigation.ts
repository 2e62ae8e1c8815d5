/** Whether a page was opened inside the application: only then does focus move to its heading. */
let opened = 0;

export function noteNavigation(): void {
  opened += 1;
}

export const hasNavigated = (): boolean => opened > 0;
