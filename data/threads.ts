/** Where the thread entries beside this folder's files are: `.ts` when run from source, `.js` when packaged. */
export function threadUrl(importer: string, name: string): URL {
  return new URL(`./${name}${importer.endsWith('.ts') ? '.ts' : '.js'}`, importer);
}
