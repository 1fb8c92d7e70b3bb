/** The primary button as a pointer event shows it: a drag ends at the first event without it, also where its release was lost. */
export const primaryIsDown = ({ buttons }: { readonly buttons: number }): boolean => (buttons & 1) === 1;
