/**
 * Messages of the desktop shell to the page, as DOM events `takeover:shell`: entries of its menu, and notices about
 * engine or page. They are checked here and carried out in `shell.ts`. In a browser none comes.
 */
import { z } from 'zod';

const shellMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('export') }),
  z.object({ kind: z.literal('keys') }),
  z.object({ kind: z.literal('zoom'), step: z.union([z.literal(-1), z.literal(0), z.literal(1)]) }),
  z.object({ kind: z.literal('stop') }),
  z.object({ kind: z.literal('notice'), level: z.enum(['info', 'warning', 'error']), text: z.string() }),
]);
export type ShellMessage = z.infer<typeof shellMessageSchema>;

export function onShellMessage(
  page: EventTarget,
  received: (message: ShellMessage) => void,
  unreadable: (detail: unknown) => void,
): void {
  page.addEventListener('takeover:shell', (event) => {
    const detail: unknown = Reflect.get(event, 'detail');
    const parsed = shellMessageSchema.safeParse(detail);
    if (parsed.success) received(parsed.data);
    else unreadable(detail);
  });
}
