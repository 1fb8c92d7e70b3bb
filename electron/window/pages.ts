/** The shell's own pages, without scripts: one while the engine starts, and one that says why it does not start. */
import { STATIC_PAGE_POLICY } from '../../main/api/window/content-security-policy.ts';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Background of the operator's window, so that nothing flashes when that replaces a page of the shell. */
export const BACKGROUND = '#0f1216';

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta http-equiv="Content-Security-Policy" content="${STATIC_PAGE_POLICY}">
<style>
  html { background: ${BACKGROUND}; color: #e6e9ee; font: 13px/1.5 Inter, system-ui, sans-serif; color-scheme: dark }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center }
  main { width: min(760px, 88vw); padding: 24px 0 }
  h1 { font-size: 20px; font-weight: 600; margin: 0 0 8px }
  p { margin: 0 0 12px; color: #8b94a3 } p.what { color: #e6e9ee }
  pre { background: #171b21; border: 1px solid #242a33; border-radius: 6px; padding: 12px; overflow: auto; max-height: 40vh;
        font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
  a { display: inline-block; margin: 4px 8px 4px 0; padding: 8px 16px; border: 1px solid #242a33; border-radius: 6px;
      background: #171b21; color: #e6e9ee; text-decoration: none }
  a:hover, a:focus-visible { border-color: #8b94a3; outline: none }
</style></head><body><main>${body}</main></body></html>`;
}

export function startingPage(detail = 'The engine is starting.'): string {
  return page('Takeover', `<h1>Takeover</h1><p role="status">${escapeHtml(detail)}</p>`);
}

export interface Failure {
  readonly title: string;
  readonly what: string;
  readonly remedy: string;
  readonly logTail: readonly string[];
  /** True when the shell started the engine, and can start it again or on another folder. */
  readonly ownsEngine: boolean;
}

export function failurePage({ title, what, remedy, logTail, ownsEngine }: Failure): string {
  const own = ownsEngine
    ? '<a href="takeover:open-folder">Open another project folder…</a><a href="takeover:show-log">Whole log</a>'
    : '';
  const lines = escapeHtml(logTail.join('\n'));
  const log = logTail.length > 0 ? `<p>The last lines of the log:</p><pre>${lines}</pre>` : '';
  return page(
    title,
    `<h1>${escapeHtml(title)}</h1><p class="what">${escapeHtml(what)}</p><p>${escapeHtml(remedy)}</p>
    ${log}<nav><a href="takeover:retry">Try again</a>${own}<a href="takeover:quit">Quit</a></nav>`,
  );
}
