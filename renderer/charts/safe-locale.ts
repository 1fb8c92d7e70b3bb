/** Imported before uPlot, which formats with the browser's language when it loads and throws for a POSIX locale. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
