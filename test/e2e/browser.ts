/** The headless browser that the tests drive: the Chromium that comes as a package, drawing WebGL in software. */
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

export async function openBrowser(): Promise<Browser> {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [
      '--use-gl=angle',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--ignore-gpu-blocklist',
      '--no-sandbox',
      '--mute-audio',
      '--hide-scrollbars',
      '--disable-gpu-compositing',
    ],
    headless: true,
  });
}

/**
 * For pages whose scene no test looks at: WebGL is there, but draws nothing. Software draws so slowly that it would take
 * most of the test's time.
 */
export const SCENE_UNDRAWN = `
  for (const call of ['clear', 'drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced'])
    WebGL2RenderingContext.prototype[call] = () => {};`;
