/** Returns the URL of a thread's entry beside `importer`: a `.ts` file in the source, a `.js` file in a package. */
export function threadUrl(importer: string, name: string): URL {
  return new URL(`./${name}${importer.endsWith('.ts') ? '.ts' : '.js'}`, importer);
}
