/**
 * The shell over the real Electron: menu, files, displays, and the guards of its session. `navigation-policy.ts` holds
 * the rules. They are applied to requests, permissions, devices, certificates, new windows and webviews.
 */
import { app, Menu as ElectronMenu, type MenuItemConstructorOptions, screen, session, shell as system } from 'electron';
import type { Clock } from '../main/api/clock.ts';
import { contentSecurityPolicy } from '../main/api/window/content-security-policy.ts';
import type { MenuAction, MenuItem } from './menu-model.ts';
import { openByDesktop } from './open-file.ts';
import type { Shell } from './shell.ts';
import { type EngineOrigins, openBrowserWindow, openOutside } from './window/browser-window.ts';
import { decideWindowOpen, mayRequest, mayUse } from './window/navigation-policy.ts';

export function createElectronShell(options: {
  readonly macOs: boolean;
  readonly iconPath: string | undefined;
  readonly clock: Clock;
}): Shell {
  const origins: EngineOrigins = new Map();
  guardSession(origins);
  app.on('certificate-error', (event, _contents, _url, _error, _certificate, answer) => {
    event.preventDefault();
    answer(false);
  });
  // Contents that are not one of the shell's windows, such as a webview, may load nothing.
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      openOutside(decideWindowOpen(url));
      return { action: 'deny' };
    });
  });

  return {
    openWindow: (placement, events) => openBrowserWindow(placement, events, origins, options.iconPath),
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

/** Applies the rules to everything that a page requests. Each rule must hold for an engine whose window is open. */
function guardSession(origins: EngineOrigins): void {
  const isAllowedSomewhere = (allowed: (origin: string) => boolean) => [...origins.values()].some(allowed);
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
    default:
      return item satisfies never;
  }
}
