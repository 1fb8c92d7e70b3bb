/** Exports the whole project, as the Data tab's form says: its button and the shell's menu do the same. */
import { call, say } from './engine/engine.ts';
import { CallError } from './engine/engine-client.ts';
import { useWindow } from './state/window-store.ts';

export async function exportProject(): Promise<void> {
  const { exportWishes } = useWindow.getState();
  const directory = exportWishes.directory.trim();
  try {
    const answer = await call('data.export', {
      format: 'lerobot-v3',
      includeDiscarded: exportWishes.includeDiscarded,
      ...(directory ? { directory } : {}),
    });
    say('info', `Exporting to ${answer.directory}`);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say(error.linkLost ? 'warning' : 'error', error.message, error.remedy);
  }
}
