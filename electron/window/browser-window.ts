/**
 * A window of Electron as the shell's logic sees it. Every navigation and redirect is decided by
 * `navigation-policy.ts`. Pages have no access to Node.
 */
import { BrowserWindow, dialog, shell as system, type WebContents } from 'electron';
import type { PageMessage, ShellWindow, WindowEvents, WindowPlace } from '../shell.ts';
import { showingOf } from './engine-page.ts';
import { decideNavigation, engineOrigin, type Navigation } from './navigation-policy.ts';
import { BACKGROUND } from './pages.ts';
import { type Placement, SMALLEST } from './window-state.ts';

/** The origins of the engines whose windows are open. */
export type EngineOrigins = Map<BrowserWindow, string>;

/** Chromium's code of a load that another load has replaced. */
const ABORTED = -3;

const isShellPage = (contents: WebContents): boolean => contents.getURL().startsWith('data:text/html');

export function openBrowserWindow(
  placement: Placement,
  events: WindowEvents,
  origins: EngineOrigins,
  iconPath: string | undefined,
): ShellWindow {
  const window = createBrowserWindow(placement, iconPath);
  const contents = window.webContents;
  guardNavigation(window, events, origins);
  const page = followPage(contents, events);
  askBeforeUnload(window);
  const place = followPlace(window, events, origins);
  // A failed load is reported by `did-fail-load`, so the rejection of its promise is ignored.
  const load = (url: string) => void contents.loadURL(url).catch(() => {});
  const send = (message: PageMessage) => {
    if (isShellPage(contents)) return;
    const script = `window.dispatchEvent(new CustomEvent('takeover:shell', { detail: ${JSON.stringify(message)} }))`;
    void contents.executeJavaScript(script).catch(() => {});
  };
  return {
    showEngine: (url) => {
      origins.set(window, engineOrigin(url));
      const showing = showingOf(url, { url: contents.getURL(), alive: page.alive });
      page.codeHandedOver = showing.stays;
      load(showing.url);
    },
    showPage: (html) => {
      origins.delete(window);
      load(`data:text/html;charset=utf-8,${encodeURIComponent(html)}`);
    },
    send,
    reload: () => contents.reload(),
    toFront: () => {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    },
    zoom: (step) => {
      // The operator's window stores its own zoom. Its keys, its Rig tab and this menu all change it.
      if (!isShellPage(contents)) return send({ kind: 'zoom', step });
      contents.setZoomLevel(step === 0 ? 0 : Math.min(4, Math.max(-3, contents.getZoomLevel() + step * 0.5)));
    },
    toggleFullScreen: () => window.setFullScreen(!window.isFullScreen()),
    toggleDeveloperTools: () => contents.toggleDevTools(),
    ...dialogsOf(window),
    bounds: place,
    destroy: () => window.destroy(),
  };
}

function createBrowserWindow(placement: Placement, iconPath: string | undefined): BrowserWindow {
  const window = new BrowserWindow({
    ...(placement.position ?? {}),
    width: placement.width,
    height: placement.height,
    minWidth: Math.min(SMALLEST.width, placement.width),
    minHeight: Math.min(SMALLEST.height, placement.height),
    title: 'Takeover',
    backgroundColor: BACKGROUND,
    darkTheme: true,
    show: false,
    ...(iconPath ? { icon: iconPath } : {}),
    webPreferences: {
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      // The heartbeat of the window that holds the controls must not slow down behind another window.
      backgroundThrottling: false,
    },
  });
  if (placement.maximised) window.maximize();
  window.once('ready-to-show', () => window.show());
  return window;
}

function guardNavigation(window: BrowserWindow, events: WindowEvents, origins: EngineOrigins): void {
  const contents = window.webContents;
  const decide = (event: { readonly url: string; preventDefault(): void }) => {
    const navigation = decideNavigation(event.url, { origin: origins.get(window), onShellPage: isShellPage(contents) });
    if (navigation.kind === 'allow') return;
    event.preventDefault();
    if (navigation.kind === 'command') events.command(navigation.command);
    openOutside(navigation);
  };
  contents.on('will-frame-navigate', decide);
  contents.on('will-redirect', decide);
}

/** Opens a link that leaves the program in the user's browser. Ignores every other decision. */
export function openOutside(navigation: Navigation): void {
  if (navigation.kind !== 'open-outside') return;
  const { url } = navigation;
  system.openExternal(url).catch((error: unknown) => {
    const detail = `${url}\n${String(error)}`;
    const message = { type: 'error', message: 'The link could not be opened.', detail } as const;
    const window = BrowserWindow.getFocusedWindow();
    return window ? dialog.showMessageBox(window, message) : dialog.showMessageBox(message);
  });
}

/** Reports how loading goes. Returns what is known of the page, which the caller may change. */
function followPage(contents: WebContents, events: WindowEvents) {
  const page = {
    /** True while a loaded page's process lives. */
    alive: false,
    /** True while the page has yet to take a new one-time code from its address. */
    codeHandedOver: false,
  };
  contents.on('did-finish-load', () => {
    page.alive = true;
    events.loaded();
  });
  // A page that stays and takes a new code is not loaded again, but it is on the screen.
  contents.on('did-navigate-in-page', (_event, _url, isMainFrame) => {
    if (!page.codeHandedOver || !isMainFrame) return;
    page.codeHandedOver = false;
    events.loaded();
  });
  contents.on('did-fail-load', (_event, code, description, _url, isMainFrame) => {
    if (!isMainFrame || code === ABORTED) return;
    page.alive = false;
    events.unreachable(`${description || 'no answer'} (${code})`);
  });
  contents.on('render-process-gone', (_event, details) => {
    page.alive = false;
    if (details.reason !== 'clean-exit') events.crashed(details.reason);
  });
  return page;
}

function askBeforeUnload(window: BrowserWindow): void {
  window.webContents.on('will-prevent-unload', (event) => {
    const answer = dialog.showMessageBoxSync(window, {
      type: 'warning',
      message: 'Leave the window?',
      detail: 'Something is still going on in it. The arm holds when the window that has the controls goes.',
      buttons: ['Stay', 'Leave'],
      defaultId: 0,
      cancelId: 0,
    });
    if (answer === 1) event.preventDefault();
  });
}

/** Reports focus and closing. Returns a function that gives the window's place, also after it was closed. */
function followPlace(window: BrowserWindow, events: WindowEvents, origins: EngineOrigins): () => WindowPlace {
  const place = () => ({ bounds: window.getNormalBounds(), maximised: window.isMaximized() });
  let last = place();
  window.on('focus', () => events.focused());
  window.on('close', () => {
    last = place();
  });
  window.on('closed', () => {
    origins.delete(window);
    events.closed(last);
  });
  return () => (window.isDestroyed() ? last : place());
}

/** Dialogs with the window as their parent. They stay above it and block only it. */
function dialogsOf(window: BrowserWindow): Pick<ShellWindow, 'chooseFolder' | 'confirm' | 'tell'> {
  return {
    chooseFolder: async (title, startAt) => {
      const answer = await dialog.showOpenDialog(window, {
        title,
        ...(startAt ? { defaultPath: startAt } : {}),
        properties: ['openDirectory', 'createDirectory'],
      });
      return answer.canceled ? undefined : answer.filePaths[0];
    },
    confirm: async ({ message, detail, no, yes }) => {
      const question = { message, detail, buttons: [no, yes], defaultId: 0, cancelId: 0 };
      const answer = await dialog.showMessageBox(window, { type: 'warning', ...question });
      return answer.response === 1;
    },
    tell: async (message, detail) => {
      await dialog.showMessageBox(window, { type: 'error', message, detail, buttons: ['OK'] });
    },
  };
}
