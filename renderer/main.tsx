/** Starts the window: link, keyboard, driving, replay clock, then React. */
import './zod-jitless.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/window.css';
import './styles/desk.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { startDriving } from './driving/driving.ts';
import { startEngineLink } from './engine/engine.ts';
import { startKeyboard } from './keyboard.ts';
import { startReplayClock } from './replay.ts';

startKeyboard();
startDriving();
startReplayClock();
startEngineLink();
const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
