/**
 * The seam over the real Electron. Policy lives in `navigation-policy.ts`; here it is only applied, everywhere Electron asks:
 * navigations, redirects, new windows, requests, permissions, devices, certificates, webviews.
 */
import {
  app,
  BrowserWindow,
  dialog,
  Menu as ElectronMenu,
  type MenuItemConstructorOptions,
  screen,
  session,
  shell as system,
  type WebContents,
} from 'electron';
import type { Clock } from '../main/api/clock.ts';
import { contentSecurityPolicy } from '../main/api/content-security-policy.ts';
import { showingOf } from './engine-page.ts';
import type { MenuAction, MenuItem } from './menu-model.ts';
import {
  decideNavigation,
  decideWindowOpen,
  engineOrigin,
  mayRequest,
  mayUse,
  type Navigation,
} from './navigation-policy.ts';
import { openByDesktop } from './open-file.ts';
import { BACKGROUND } from './pages.ts';
import type { PageMessage, Shell, ShellWindow, WindowEvents } from './shell.ts';
import { type Placement, SMALLEST } from './window-state.ts';

const isShellPage = (contents: WebContents): boolean => contents.getURL().startsWith('data:text/html');

export function createElectronShell(options: {
  readonly macOs: boolean;
  readonly iconPath: string | undefined;
  readonly clock: Clock;
}): Shell {
  /** Origins of the engines whose windows are open. */
  const origins = new Map<BrowserWindow, string>();
  const isAllowedSomewhere = (allowed: (origin: string) => boolean) => [...origins.values()].some(allowed);

  guardSession(origins, isAllowedSomewhere);
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, answer) => {
    event.preventDefault();
    answer(false);
  });
  // Contents that are not one of our windows, a webview say, never get anywhere.
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      openOutside(decideWindowOpen(url));
      return { action: 'deny' };
    });
  });

  return {
    openWindow: (placement, events) => openWindow(placement, events, origins, options.iconPath),
    displays: () => {
      const main = screen.getPrimaryDisplay();
      return [main, ...screen.getAllDisplays().filter((display) => display.id !== main.id)].map(
        (display) => display.workArea,
      );
    },
    setMenu: (menus, chosen) =>
      ElectronMenu.setApplicationMenu(
        ElectronMenu.buildFromTemplate(
          menus.map((menu) => ({ label: menu.label, submenu: menu.items.map((item) => menuTemplate(item, chosen)) })),
        ),
      ),
    openFile: async (path) =>
      process.platform === 'linux' ? openByDesktop(path, options.clock) : (await system.openPath(path)) || undefined,
    exit: (code) => app.exit(code),
    exitAtOnce,
  };
}

/** Exits at once through Node. Electron's `exit` goes through the browser's event loop first. */
function exitAtOnce(code: number): void {
  const leave: unknown = Reflect.get(process, 'reallyExit');
  if (typeof leave === 'function') leave.call(process, code);
  app.exit(code);
}

function openOutside(navigation: Navigation): void {
  if (navigation.kind !== 'open-outside') return;
  const { url } = navigation;
  system.openExternal(url).catch((error: unknown) => {
    const message = {
      type: 'error' as const,
      message: 'The link could not be opened.',
      detail: `${url}\n${String(error)}`,
    };
    const window = BrowserWindow.getFocusedWindow();
    return window ? dialog.showMessageBox(window, message) : dialog.showMessageBox(message);
  });
}

function guardSession(
  origins: ReadonlyMap<BrowserWindow, string>,
  isAllowedSomewhere: (allowed: (origin: string) => boolean) => boolean,
): void {
  const only = session.defaultSession;
  only.setPermissionRequestHandler((_contents, permission, answer, details) =>
    answer(isAllowedSomewhere((origin) => mayUse(permission, details.requestingUrl, origin))),
  );
  only.setPermissionCheckHandler((_contents, permission, requester) =>
    isAllowedSomewhere((origin) => mayUse(permission, requester, origin)),
  );
  only.setDevicePermissionHandler(() => false);
  only.on('will-download', (event) => event.preventDefault());
  only.setSpellCheckerEnabled(false);
  only.webRequest.onBeforeRequest((details, answer) => {
    const allowed =
      isAllowedSomewhere((origin) => mayRequest(details.url, origin)) || mayRequest(details.url, undefined);
    answer({ cancel: !allowed });
  });
  only.webRequest.onHeadersReceived((details, answer) => {
    const headers = details.responseHeaders ?? {};
    const isPage = details.resourceType === 'mainFrame' || details.resourceType === 'subFrame';
    const origin = URL.canParse(details.url) ? new URL(details.url).origin : '';
    const hasPolicy = Object.keys(headers).some((name) => name.toLowerCase() === 'content-security-policy');
    if (!isPage || hasPolicy || ![...origins.values()].includes(origin)) return answer({});
    answer({ responseHeaders: { ...headers, 'Content-Security-Policy': [contentSecurityPolicy([origin])] } });
  });
}

/** Dialogs with their window as parent: they stay above it and block only it. */
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
    confirm: async (question) => {
      const answer = await dialog.showMessageBox(window, {
        type: 'warning',
        message: question.message,
        detail: question.detail,
        buttons: [question.no, question.yes],
        defaultId: 0,
        cancelId: 0,
      });
      return answer.response === 1;
    },
    tell: async (message, detail) => {
      await dialog.showMessageBox(window, { type: 'error', message, detail, buttons: ['OK'] });
    },
  };
}

function menuTemplate(item: MenuItem, chosen: (action: MenuAction) => void): MenuItemConstructorOptions {
  switch (item.kind) {
    case 'separator':
      return { type: 'separator' };
    case 'role':
      return { role: item.role };
    case 'action':
      return {
        label: item.label,
        enabled: item.enabled,
        visible: item.visible,
        ...(item.accelerator ? { accelerator: item.accelerator } : {}),
        click: () => chosen(item.action),
      };
  }
}

function openWindow(
  placement: Placement,
  events: WindowEvents,
  origins: Map<BrowserWindow, string>,
  iconPath: string | undefined,
): ShellWindow {
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
  const contents = window.webContents;
  if (placement.maximised) window.maximize();
  window.once('ready-to-show', () => window.show());

  const decide = (event: { readonly url: string; preventDefault(): void }) => {
    const navigation = decideNavigation(event.url, { origin: origins.get(window), onShellPage: isShellPage(contents) });
    if (navigation.kind === 'allow') return;
    event.preventDefault();
    if (navigation.kind === 'command') events.command(navigation.command);
    openOutside(navigation);
  };
  contents.on('will-frame-navigate', decide);
  contents.on('will-redirect', decide);
  let pageAlive = false;
  let codeHandedOver = false;
  contents.on('did-finish-load', () => {
    pageAlive = true;
    events.loaded();
  });
  // A page that stays and takes a new code is not loaded; it is on the screen all the same.
  contents.on('did-navigate-in-page', (_event, _url, isMainFrame) => {
    if (!codeHandedOver || !isMainFrame) return;
    codeHandedOver = false;
    events.loaded();
  });
  contents.on('did-fail-load', (_event, code, description, _url, isMainFrame) => {
    const ABORTED = -3;
    if (!isMainFrame || code === ABORTED) return;
    pageAlive = false;
    events.unreachable(`${description || 'no answer'} (${code})`);
  });
  contents.on('render-process-gone', (_event, details) => {
    pageAlive = false;
    if (details.reason !== 'clean-exit') events.crashed(details.reason);
  });
  contents.on('will-prevent-unload', (event) => {
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

  const whereItIs = () => ({ bounds: window.getNormalBounds(), maximised: window.isMaximized() });
  let last = whereItIs();
  window.on('focus', () => events.focused());
  window.on('close', () => {
    last = whereItIs();
  });
  window.on('closed', () => {
    origins.delete(window);
    events.closed(last);
  });

  // A failed load arrives as `did-fail-load`; its promise says the same again.
  const send = (message: PageMessage) => {
    if (isShellPage(contents)) return;
    const script = `window.dispatchEvent(new CustomEvent('takeover:shell', { detail: ${JSON.stringify(message)} }))`;
    void contents.executeJavaScript(script).catch(() => {});
  };
  const load = (url: string) => void contents.loadURL(url).catch(() => {});
  return {
    showEngine: (url) => {
      origins.set(window, engineOrigin(url));
      const showing = showingOf(url, { url: contents.getURL(), alive: pageAlive });
      codeHandedOver = showing.stays;
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
    bounds: () => (window.isDestroyed() ? last : whereItIs()),
    destroy: () => window.destroy(),
  };
}
