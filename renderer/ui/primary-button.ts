/**
 * True when a pointer event shows the primary button down. A drag ends at the first event without it, even if its
 * release was lost.
 */
export const primaryIsDown = ({ buttons }: { readonly buttons: number }): boolean => (buttons & 1) === 1;
