/** Exports the episodes that the Data tab's form selects. The form's button and the shell's menu both use it. */
import { episodesText } from '../../main/api/index.ts';
import { call, say, showRefusal } from '../engine/engine.ts';
import { choiceOf } from '../state/export-wishes.ts';
import { useWindow } from '../state/window-store.ts';

export async function exportProject(): Promise<void> {
  const { exportWishes } = useWindow.getState();
  const directory = exportWishes.directory.trim();
  const wished = choiceOf(exportWishes);
  if (wished.kind === 'wrong') return say('error', wished.message, 'Correct the episode numbers in the Data tab.');
  try {
    const answer = await call('data.export', {
      format: 'lerobot-v3',
      includeDiscarded: exportWishes.includeDiscarded,
      ...(wished.kind === 'choice' ? { choice: wished.choice } : {}),
      ...(directory ? { directory } : {}),
    });
    const left = answer.leftOut === undefined ? '' : `; ${answer.leftOut}`;
    say('info', `Exporting ${episodesText(answer.episodes)} to ${answer.directory}${left}`);
  } catch (error) {
    showRefusal(error);
  }
}
