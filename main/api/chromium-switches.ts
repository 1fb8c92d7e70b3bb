/**
 * Command-line switches that keep Chromium, in Electron or as an installed browser, from talking to anything but the engine:
 * no updates of components, no measurements, no reports of crashes, no dictionaries.
 */

export interface ChromiumSwitch {
  readonly name: string;
  readonly value?: string;
}

/** Features that ask a server of the browser's maker for something, or look for devices on the network. */
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
  // Whatever is left goes to a proxy that is not there: nothing listens on the discard port. Addresses of this machine need no proxy.
  { name: 'proxy-server', value: 'http://127.0.0.1:9' },
];

/** For the shell alone, because a browser shows a warning about it: every name but this machine's fails before it is asked for. */
export const NO_OTHER_HOST: ChromiumSwitch = {
  name: 'host-resolver-rules',
  value: 'MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]',
};

export const asArgument = ({ name, value }: ChromiumSwitch): string =>
  value === undefined ? `--${name}` : `--${name}=${value}`;
