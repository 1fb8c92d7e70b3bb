/** uPlot formats with the browser's language when it loads; where that is no valid tag (a POSIX locale), it would throw. Imported before it. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
