/** Starts the window: keyboard, driving, replay, desktop shell, link to the engine, then React. */
import './zod-jitless.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/window.css';
import './styles/feeds.css';
import './styles/scene.css';
import './styles/timeline.css';
import './styles/desk.css';
import './styles/runs.css';
import './styles/success.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { startKeyboard } from './commands/keyboard.ts';
import { startDriving } from './driving/driving.ts';
import { requestDraw } from './engine/draw-loop.ts';
import { startEngineLink } from './engine/engine.ts';
import { startReplayClock, startReplayGuard } from './engine/replay.ts';
import { startShell } from './shell/shell.ts';

startKeyboard();
startDriving();
startReplayClock();
startReplayGuard();
startShell();
startEngineLink();
document.fonts.ready.then(requestDraw);
const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
