/**
 * Command-line switches that keep Chromium, in Electron or as an installed browser, from contacting anything but the
 * engine. They disable component updates, metrics, crash reports and dictionaries.
 */

interface ChromiumSwitch {
  readonly name: string;
  readonly value?: string;
}

/** Features that contact a server of the browser's maker, or search the network for devices. */
const FEATURES = [
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DialMediaRouteProvider',
  'InterestFeedContentSuggestions',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'OptimizationGuideModelDownloading',
  'OptimizationGuideOnDeviceModel',
  'Translate',
];

export const QUIET_SWITCHES: readonly ChromiumSwitch[] = [
  { name: 'disable-background-networking' },
  { name: 'disable-breakpad' },
  { name: 'disable-client-side-phishing-detection' },
  { name: 'disable-component-extensions-with-background-pages' },
  { name: 'disable-component-update' },
  { name: 'disable-crash-reporter' },
  { name: 'disable-default-apps' },
  { name: 'disable-domain-reliability' },
  { name: 'disable-sync' },
  { name: 'metrics-recording-only' },
  { name: 'no-pings' },
  { name: 'disable-features', value: FEATURES.join(',') },
  // All other requests go to a proxy that does not exist: nothing listens on the discard port. Addresses of this
  // machine need no proxy.
  { name: 'proxy-server', value: 'http://127.0.0.1:9' },
];

/**
 * For the shell only, because a browser shows a warning about this switch. Every name except this machine's fails
 * before a lookup.
 */
export const NO_OTHER_HOST: ChromiumSwitch = {
  name: 'host-resolver-rules',
  value: 'MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]',
};

export const asArgument = ({ name, value }: ChromiumSwitch): string =>
  value === undefined ? `--${name}` : `--${name}=${value}`;
