/** Carries out the desktop shell's messages. Each does what the window's own button, key or notice does. */
import { perform } from '../commands/actions.ts';
import { exportProject } from '../commands/export-project.ts';
import { say } from '../engine/engine.ts';
import { useWindow } from '../state/window-store.ts';
import { onShellMessage, type ShellMessage } from './shell-messages.ts';

export function startShell(): void {
  onShellMessage(window, carryOut, () =>
    say('warning', 'The program around this window said something that it cannot read.', 'They may differ in version.'),
  );
}

function carryOut(message: ShellMessage): void {
  switch (message.kind) {
    case 'export':
      useWindow.setState({ tab: 'data' });
      void exportProject();
      break;
    case 'keys':
      perform('help');
      break;
    case 'zoom':
      perform(message.step === 0 ? 'zoom-reset' : message.step > 0 ? 'zoom-in' : 'zoom-out');
      break;
    case 'stop':
      perform('stop');
      break;
    case 'notice':
      say(message.level, message.text);
      break;
    default:
      message satisfies never;
  }
}
